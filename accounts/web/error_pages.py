"""Render error pages: with the menus where somebody is signed in and the database answers, else without."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.cache import patch_vary_headers

from accounts.web.redirects import safe_next

WITH_MENUS = "layouts/error.html"
OF_SERVER = 500  # from here on nothing is asked of the database


def error_page(request: HttpRequest, status: int, template: str = "", **context: Any) -> HttpResponse:
    """Return the page `errors/<template or status>.html` with this status.

    It never fails because the database is away: the page then has no menus. Nor does it use up a message
    that the next page should show: browsers ask for icons that are not there.
    """
    name = f"errors/{template or status}.html"
    context |= {"site_name": settings.SITE_NAME, "support_email": settings.SUPPORT_EMAIL}
    if status >= OF_SERVER or not hasattr(request, "session"):  # refused before there was a session
        return HttpResponse(loader.render_to_string(name, context), status=status)
    context |= {"back": page_before(request), "messages": ()}
    try:
        signed_in = request.user.is_authenticated
        if signed_in:
            page = loader.render_to_string(name, {**context, "layout": WITH_MENUS}, request)
            response = HttpResponse(page, status=status)
            patch_vary_headers(response, ("Cookie",))
            return response
    except Error:
        return HttpResponse(loader.render_to_string(name, context), status=status)
    return HttpResponse(loader.render_to_string(name, {**context, "signed_out": True}), status=status)


def page_before(request: HttpRequest) -> str:
    """Return the path of the page of this site from which the browser came, or "" if it does not say."""
    try:
        said = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    if (said.scheme, said.netloc) != (request.scheme, request.get_host()) or said.path == request.path:
        return ""
    return safe_next(request, said._replace(scheme="", netloc="", fragment="").geturl(), "")
