"""Build error responses: pages, and JSON:API documents below /api/.

Pages have the menus of the site where somebody is signed in and the database answers
(accounts/web/error_pages.py). Those of a fault of ours ask nothing of the database.
"""

import logging
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.database import schema
from accounts.jsonapi.documents import respond_errors
from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.middleware import is_for_api
from accounts.web.acting import SHOWING, page_of
from accounts.web.error_pages import error_page
from tfc_auth import origins

logger = logging.getLogger(__name__)

ADMIN = "/admin/"
REGISTRY = "/api/registry/"  # discovery names it, because clients fail without the name (tfc_auth/site.py)
READ_ONLY = "25006"  # PostgreSQL's SQLSTATE: a write to a standby, for example
IDLE_TOO_LONG = "25P03"  # a transaction that stood still, and was ended


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
        return respond_errors(ApiError(status, detail=detail_of(request, status, template)))
    return error_page(request, status, template or "", **context)


def detail_of(request: HttpRequest, status: int, template: str | None) -> str:
    """Return what the title of an error below /api/ does not say."""
    if status == 404:
        return nothing_at(request.path_info)
    if status == 413:
        return _("The body of this request is larger than we accept. Nothing was changed.")
    if status == 408:
        return _("The body of this request took too long. Nothing was changed.")
    if template == "400_proxy":
        return _("The proxy in front of this site doesn't pass on the host that was asked for.")
    return ""


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
    """Refuse a form without this browser's token; offer its page as it is now, and keep what was typed.

    Where a proxy is at fault, say so: to try again, or to look at cookies, does not help then.
    """
    if is_for_api(request):
        return error_response(request, 403)
    user = request.user
    return error_response(
        request,
        403,
        "403_csrf",
        fault=origins.fault_of_form(request),
        support_email=settings.SUPPORT_EMAIL,
        page=page_of(request),
        label=_("Show the page as it is now"),
        name=user.get_username() if user.is_authenticated else "",
        typed=typed(request) if is_own_form(request) else [],
    )


def is_own_form(request: HttpRequest) -> bool:
    """Return whether the form was one of our pages, as far as the browser says.

    The page must not show what another site sends: it would look like our words.
    """
    return (
        settings.CSRF_COOKIE_NAME in request.COOKIES  # not sent along with forms of other sites
        and request.META.get("HTTP_ORIGIN") in (None, *origins.own_origins(request))
        and request.META.get("HTTP_SEC_FETCH_SITE", "same-origin") == "same-origin"
    )


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """Return (label, text) of what the form had in fields that people type. Never passwords or codes."""
    sent = {name: request.POST.get(name, "").strip() for name in TYPED}
    return [(str(TYPED[name]), text[:LONGEST_TYPED]) for name, text in sent.items() if text]


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_response(request, 404, sent=request.method == "POST", way_on=way_on(request))


def way_on(request: HttpRequest) -> str:
    """Return the path of one's organizations, where a page is closed that takes a sign-in, else ""."""
    return reverse("organizations:mine") if request.path_info.startswith(("/app/", ADMIN)) else ""


def method_not_allowed(request: HttpRequest, allowed: str = "") -> HttpResponse:
    """Return a 405. `allowed` is its Allow header: if it has GET, the page leads to what GET shows."""
    if "GET" not in allowed or request.method in SHOWING or request.resolver_match is None:
        return error_response(request, 405)
    return error_response(request, 405, opens=True, page=page_of(request), label=_("Open the page"))


def is_away(error: BaseException | None) -> bool:
    """Return whether the database does not respond, refuses to write, or has ended the connection."""
    ended = sqlstate_of(error) == IDLE_TOO_LONG
    return ended or is_read_only(error) or isinstance(error, (OperationalError, InterfaceError))


def is_read_only(error: BaseException | None) -> bool:
    """Return whether the database refuses to write: PostgreSQL by its SQLSTATE, SQLite by its words."""
    return sqlstate_of(error) == READ_ONLY or "readonly database" in str(error)


def sqlstate_of(error: BaseException | None) -> str | None:
    return getattr(getattr(error, "__cause__", None), "sqlstate", None)


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
    response = error_response(request, 503, sent=request.method == "POST")
    response["Retry-After"] = "30"
    return response
