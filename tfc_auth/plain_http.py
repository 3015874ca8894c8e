"""Answer requests that come over http while the site is served over https (SECURE_SSL_REDIRECT).

Only somebody who opens a page is redirected. A program would follow a redirect each time and so go on sending
its token unencrypted, and others may already have read a form: both get a 403 that says so.
"""

import logging

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.translation import gettext as _

from accounts.audit import Actor
from accounts.jsonapi.addresses import public_origin
from accounts.jsonapi.documents import respond_errors
from accounts.jsonapi.errors import ApiError
from accounts.tokens.exposure import sent_in_clear
from accounts.web.error_pages import error_page
from tfc_auth.middleware import PROBES, GetResponse

logger = logging.getLogger(__name__)

# Paths that programs use; people open pages elsewhere.
PROGRAMS = ("/api/", "/oauth/", "/webhooks/", "/.well-known/terraform.json")


class PlainHttpMiddleware:
    """Refuse or redirect what came over http. Only trusted proxies are believed when they say so."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.SECURE_SSL_REDIRECT or request.is_secure():
            return self.get_response(request)
        if request.path_info in PROBES:
            tell_owner(request)  # load balancers send no token, but a health check of a program may
            return self.get_response(request)
        if "HTTP_AUTHORIZATION" in request.META or request.path_info.startswith(PROGRAMS):
            tell_owner(request)
            return refusal_of_program()
        if request.method in ("GET", "HEAD"):
            return self.redirect(request)
        return error_page(
            request, 403, "403_http", page=settings.SITE_URL, label=_("Open this site over https")
        )

    def redirect(self, request: HttpRequest) -> HttpResponse:
        try:
            origin = public_origin(request, "https")
        except DisallowedHost:
            return self.get_response(request)  # which refuses it
        return HttpResponsePermanentRedirect(origin + request.get_full_path())


def tell_owner(request: HttpRequest) -> None:
    """Tell the owner of the bearer token of this request, if it has one, that others may have read it."""
    scheme, _space, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        return
    try:
        sent_in_clear(text, actor=Actor.of_program(request, None))
    except Error as error:  # the refusal needs no database
        logger.warning("A token that came without encryption was not looked up: %s", type(error).__name__)


def refusal_of_program() -> HttpResponse:
    """Return the same 403 for every request: it must not say whether a token is valid."""
    detail = _(
        "This request came over http. Use %(address)s instead, and replace the token or password that was "
        "sent: others on the way may have read it."
    )
    return respond_errors(ApiError(403, "https required", detail % {"address": settings.SITE_URL}))
