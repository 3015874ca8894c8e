"""Error pages. They are plain templates without database, session or context processors."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader

READ_ONLY = "25006"  # PostgreSQL's SQLSTATE for a write on a standby, for example


def page(status: int, template: str | None = None) -> HttpResponse:
    return HttpResponse(loader.render_to_string(f"errors/{template or status}.html"), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(413) if isinstance(exception, RequestDataTooBig) else page(400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(403, "403_csrf")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(404)


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    return page(405)


def is_away(error: BaseException | None) -> bool:
    """Whether the database does not answer, or does not take what we write."""
    refuses_to_write = getattr(getattr(error, "__cause__", None), "sqlstate", None) == READ_ONLY
    return refuses_to_write or isinstance(error, (OperationalError, InterfaceError))


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when the database is away: that one is worth trying again in a moment."""
    if is_away(sys.exc_info()[1]):
        response = page(503)
        response["Retry-After"] = "30"
        return response
    return page(500)
