"""Build error responses: pages, and JSON:API documents below /api/.

Pages are plain templates that use no database, session or context processors.
"""

import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader

from accounts.jsonapi.documents import respond_errors
from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.middleware import is_for_api

READ_ONLY = "25006"  # PostgreSQL's SQLSTATE for a write to a standby, for example


def error_response(request: HttpRequest, status: int, template: str | None = None) -> HttpResponse:
    """Return the error in the form of the requested path: JSON:API or HTML."""
    if is_for_api(request):
        return respond_errors(ApiError(status))
    return HttpResponse(loader.render_to_string(f"errors/{template or status}.html"), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_response(request, 403, "403_csrf")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, 404)


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    return error_response(request, 405)


def is_away(error: BaseException | None) -> bool:
    """Return whether the database does not respond, or refuses to write."""
    refuses_to_write = getattr(getattr(error, "__cause__", None), "sqlstate", None) == READ_ONLY
    return refuses_to_write or isinstance(error, (OperationalError, InterfaceError))


def server_error(request: HttpRequest) -> HttpResponse:
    """Return a 500, or a 503 if the database is away, so that clients retry."""
    if is_away(sys.exc_info()[1]):
        return unavailable(request)
    return error_response(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    response = error_response(request, 503)
    response["Retry-After"] = "30"
    return response
