"""Error objects for what a handler raised."""

from collections.abc import Iterable

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpResponse, UnreadablePostError
from django.utils.translation import gettext as _

from accounts.exceptions import Mistakes, Overloaded, RateLimited, RuleViolation, SessionEnded, TooFast
from accounts.jsonapi.documents import respond_errors
from accounts.jsonapi.errors import ApiError, InvalidDocument, invalid_attribute
from accounts.web.statuses import status_of


def unauthorized(detail: str = "") -> ApiError:
    return ApiError(401, detail=detail, headers={"WWW-Authenticate": "Bearer"})


def too_many_requests() -> ApiError:
    detail = _("You have exceeded the API's rate limit.")
    return ApiError(429, detail=detail, headers={"Retry-After": "1"})


def method_not_allowed(method: str, allowed: Iterable[str], reason: str = "") -> ApiError:
    """Return the 405 of an address that takes only these methods, with the reason if there is one."""
    methods = ", ".join(sorted(allowed))
    words = {"method": method[:20], "methods": methods}
    detail = reason or _("This address doesn't accept %(method)s. It accepts: %(methods)s.") % words
    return ApiError(405, detail=detail, headers={"Allow": methods})


def error_response(error: Exception) -> HttpResponse:
    """Return the response for an exception of a handler. Raise it again if it is not a refusal."""
    match error:
        case InvalidDocument():
            return respond_errors(*error.errors)
        case ApiError():
            return respond_errors(error)
        case SessionEnded():
            return respond_errors(unauthorized(str(error)))
        case Mistakes():
            return respond_errors(*(violation(mistake) for mistake in error.violations))
        case RuleViolation():
            return respond_errors(violation(error))
        case Http404():
            return respond_errors(not_found())
        case PermissionDenied():
            return respond_errors(forbidden())
        case RequestDataTooBig():
            return respond_errors(ApiError(413))
        case BadRequest() | SuspiciousOperation() | UnreadablePostError():
            return respond_errors(ApiError(400))
    raise error


def violation(error: RuleViolation) -> ApiError:
    """Return the error object for a broken rule. It points to the attribute that broke the rule, if any."""
    if isinstance(error, TooFast):
        return too_many_requests()
    if isinstance(error, RateLimited):  # not 429: clients would sleep for hours, and repeat (D36)
        return ApiError(422, "limit reached", str(error))
    if error.fields:
        return invalid_attribute(error.fields[-1], str(error))
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded) else {}
    return ApiError(status_of(error), error.code, str(error), headers=headers)


def not_found() -> ApiError:
    return ApiError(404)


def forbidden(detail: str = "") -> ApiError:
    return ApiError(403, detail=detail or _("You aren't allowed to do that."))
