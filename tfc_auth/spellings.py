"""Lead to the one address that a page has. Nothing is looked up but routes, and nobody needs to sign in."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.http.request import split_domain_port
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path, iri_to_uri
from django.utils.http import escape_leading_slashes

from accounts.jsonapi.middleware import is_for_api
from tfc_auth.middleware import PROBES, GetResponse

ADMIN = "/admin"  # where paths end with a slash; all others end without one
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SlashMiddleware:
    """Redirect a page's address with a slash too many or too few to the page, if there is one.

    Only where somebody opens a page: a program would repeat each request, and a form would be lost.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if request.method not in ("GET", "HEAD") or is_for_api(request):
            return self.get_response(request)
        if path != (better := better_path(path)) and not is_page(path) and is_page(better):
            return HttpResponsePermanentRedirect(escape_leading_slashes(address(better, request)))
        return self.get_response(request)


def better_path(path: str) -> str:
    if path.startswith(f"{ADMIN}/") or path == ADMIN:
        return path if path.endswith("/") else f"{path}/"
    return path.rstrip("/") or path


def is_page(path: str) -> bool:
    """Return whether a view has this path. The admin site's last one catches the rest, as `url`."""
    try:
        return "url" not in resolve(path).kwargs
    except Resolver404:
        return False


def address(path: str, request: HttpRequest) -> str:
    query = request.META.get("QUERY_STRING", "")
    return escape_uri_path(path) + (f"?{iri_to_uri(query)}" if query else "")


class LoopbackMiddleware:
    """With DEBUG, lead from the other names of this machine to that of SITE_URL.

    Cookies and security keys belong to one name. Somebody who signs in at 127.0.0.1 and opens the link of a
    mail, which leads to localhost, would be signed out there.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        site = urlsplit(settings.SITE_URL)
        self.others = [own_name for own_name in LOOPBACK if own_name != site.hostname]
        self.port = site.port or 80
        if not settings.DEBUG or site.hostname not in LOOPBACK or site.scheme != "http":
            raise MiddlewareNotUsed

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name, port = split_domain_port(request.get_host())
        is_other = name.strip("[]") in self.others and (port or "80") == str(self.port)
        if not is_other or request.method not in ("GET", "HEAD") or not opens_page(request):
            return self.get_response(request)
        return HttpResponseRedirect(settings.SITE_URL + address(request.path, request))


def opens_page(request: HttpRequest) -> bool:
    return not is_for_api(request) and request.path_info not in PROBES
