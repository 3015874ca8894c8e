"""Build error responses: pages, and JSON:API documents below /api/.

Pages are plain templates that use no database, session or context processors.
"""

import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.jsonapi.documents import respond_errors
from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.middleware import is_for_api

REGISTRY = "/api/registry/"  # discovery names it, because clients fail without the name (tfc_auth/site.py)
READ_ONLY = "25006"  # PostgreSQL's SQLSTATE for a write to a standby, for example


def error_response(request: HttpRequest, status: int, template: str | None = None) -> HttpResponse:
    """Return the error in the form of the requested path: JSON:API or HTML."""
    if is_for_api(request):
        return respond_errors(ApiError(status, detail=nothing_at(request.path_info) if status == 404 else ""))
    return HttpResponse(loader.render_to_string(f"errors/{template or status}.html"), status=status)


def nothing_at(path: str) -> str:
    """Return why an address of the API that no route has is not there. Most are of Terraform Cloud's API."""
    if path.startswith(REGISTRY):
        return _("There is no module registry here: this site is for accounts and organizations only.")
    detail = _(
        "There is nothing at this address. This site has the part of Terraform Cloud's API that concerns "
        "accounts and organizations: %(address)s"
    )
    return detail % {"address": settings.SITE_URL + reverse("site:docs", args=["api"])}


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
