"""Build error responses: pages, and JSON:API documents below /api/.

Pages are plain templates that use no database, session or context processors, but for a form that has
expired: its page says who is signed in now.
"""

import logging
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.database import schema
from accounts.jsonapi.documents import respond_errors
from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.middleware import is_for_api
from accounts.web.acting import page_of

logger = logging.getLogger(__name__)

ADMIN = "/admin/"
REGISTRY = "/api/registry/"  # discovery names it, because clients fail without the name (tfc_auth/site.py)
# PostgreSQL's SQLSTATEs: for a write to a standby, for example, and for a transaction that stood still.
UNABLE = ("25006", "25P03")


# Fields that people type and that are no secret: the page of an expired form shows them.
TYPED = {
    "username": gettext_lazy("Username or email address"),
    "email": gettext_lazy("Email address"),
    "name": gettext_lazy("Name"),
    "description": gettext_lazy("Description"),
    "phone_number": gettext_lazy("Phone number"),
    "reason": gettext_lazy("Reason"),
    "session_timeout": gettext_lazy("Timeout in"),
    "session_remember": gettext_lazy("Remember for"),
}
LONGEST_TYPED = 2000  # characters shown


def error_response(
    request: HttpRequest, status: int, template: str | None = None, **context: Any
) -> HttpResponse:
    """Return the error in the form of the requested path: JSON:API or HTML."""
    if is_for_api(request):
        return respond_errors(ApiError(status, detail=nothing_at(request.path_info) if status == 404 else ""))
    page = loader.render_to_string(f"errors/{template or status}.html", context)
    return HttpResponse(page, status=status)


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
    return error_response(
        request,
        403,
        sent=request.method == "POST",
        way_on=way_on(request),
        of_site=request.path_info.startswith(ADMIN),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form without this browser's token; offer its page as it is now, and keep what was typed."""
    if is_for_api(request):
        return error_response(request, 403)
    user = request.user
    return error_response(
        request,
        403,
        "403_csrf",
        page=page_of(request),
        name=user.get_username() if user.is_authenticated else "",
        typed=typed(request) if is_own_form(request) else [],
    )


def is_own_form(request: HttpRequest) -> bool:
    """Return whether the form was one of our pages, as far as the browser says.

    The page must not show what another site sends: it would look like our words.
    """
    origin = request.META.get("HTTP_ORIGIN")
    own = f"{request.scheme}://{request.get_host()}"
    return (
        settings.CSRF_COOKIE_NAME in request.COOKIES  # not sent along with forms of other sites
        and origin in (None, own)
        and request.META.get("HTTP_SEC_FETCH_SITE", "same-origin") == "same-origin"
    )


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """Return (label, text) of what the form had in fields that people type. Never passwords or codes."""
    sent = {name: request.POST.get(name, "").strip() for name in TYPED}
    return [(str(TYPED[name]), text[:LONGEST_TYPED]) for name, text in sent.items() if text]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, 404, sent=request.method == "POST", way_on=way_on(request))


def way_on(request: HttpRequest) -> str:
    """Return the path of one's organizations, where a page is closed that takes a sign-in, else ""."""
    return reverse("organizations:mine") if request.path_info.startswith(("/app/", ADMIN)) else ""


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    return error_response(request, 405)


def is_away(error: BaseException | None) -> bool:
    """Return whether the database does not respond, refuses to write, or has ended the connection."""
    is_unable = getattr(getattr(error, "__cause__", None), "sqlstate", None) in UNABLE
    return is_unable or isinstance(error, (OperationalError, InterfaceError))


def server_error(request: HttpRequest) -> HttpResponse:
    """Return a 500, or a 503 if the database is away or waits for `migrate`, so that clients retry."""
    error = sys.exc_info()[1]
    if waits_for_migrate(error) or is_away(error):
        return unavailable(request)
    return error_response(request, 500)


def waits_for_migrate(error: BaseException | None) -> bool:
    """Return whether the tables are too old for this release, and say so in the log."""
    if not schema.shows_old_tables(error):
        return False
    try:
        problem = schema.too_old()
    except Error:
        return False
    if problem:
        logger.critical("%s", problem)
    return bool(problem)


def unavailable(request: HttpRequest) -> HttpResponse:
    response = error_response(request, 503)
    response["Retry-After"] = "30"
    return response
