"""Add request ids, client addresses, checks, headers and error pages to every request and response."""

import ipaddress
import secrets
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.utils.log import log_response

from accounts.jsonapi.documents import MEDIA_TYPE
from accounts.jsonapi.middleware import is_for_api
from tfc_auth import errors
from tfc_auth.logs import request_id

GetResponse = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
# Load balancers request these by IP address, so Host is not checked. They show nothing of the request.
PROBES = ("/healthz", "/readyz")
# Bytes: the limit for the fields, and room for the headers and boundaries of multipart.
LONGEST_BODY = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 64 * 1024


class RequestIdMiddleware:
    """Give each request an id, which its log lines and its response carry."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.id = secrets.token_hex(8)  # type: ignore[attr-defined]
        token = request_id.set(request.id)  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class ContentLengthMiddleware(CommonMiddleware):
    """Set Content-Length, so that a proxy knows when a response is complete.

    Mails are sent after the response. Without a length, a proxy that speaks HTTP/1.0 to us (as nginx does)
    waits until the connection is closed, after those mails.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Do nothing: hosts and slashes are checked elsewhere."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code == 204:  # must not have a length
            return response
        response = super().process_response(request, response)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.content = b""  # gunicorn would drop it, with a warning each time
        return response


class ForwardedHeadersMiddleware:
    """Apply X-Forwarded-For and -Proto from TRUSTED_PROXIES only, and remove the headers."""

    # From these gunicorn and other servers derive the scheme, if they are told to, or by default.
    OF_SERVERS = ("HTTP_X_FORWARDED_PROTOCOL", "HTTP_X_FORWARDED_SSL")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.proxies = [ipaddress.ip_network(text) for text in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded_for = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        scheme = request.META.pop("HTTP_X_FORWARDED_PROTO", "")
        others = [request.META.pop(name, "") for name in self.OF_SERVERS]
        if scheme or any(others):
            # The server may have believed them: only a proxy's word, below, makes this https.
            request.META["wsgi.url_scheme"] = "http"
        if self.is_proxy(request.META.get("REMOTE_ADDR", "")):
            request.META["REMOTE_ADDR"] = self.client_of(request.META["REMOTE_ADDR"], forwarded_for)
            if scheme:
                request.META["wsgi.url_scheme"] = "https" if scheme.strip() == "https" else "http"
        return self.get_response(request)

    def is_proxy(self, address: str) -> bool:
        try:
            client = ipaddress.ip_address(address)
        except ValueError:
            return False
        # A dual-stack socket reports IPv4 addresses as IPv6.
        client = getattr(client, "ipv4_mapped", None) or client
        return any(client in network for network in self.proxies)

    def client_of(self, remote: str, forwarded_for: str) -> str:
        """Return the last address in the chain that is not a trusted proxy."""
        client = remote
        for text in reversed(forwarded_for.split(",")):
            candidate = text.strip()
            try:
                ipaddress.ip_address(candidate)
            except ValueError:
                break
            client = candidate
            if not self.is_proxy(candidate):
                break
        return client


class SecurityHeadersMiddleware:
    """Set headers that Django has no setting for. Pages are private; only static files are cached (R51).

    It stands outside of everything that answers by itself, as do those that set the other headers.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class WellFormedMiddleware:
    """Refuse malformed requests, which no browser sends, before any other code reads them.

    Django checks the Host header only where it needs it, decodes a form with any codec of Python, and its
    admin site passes a NUL on to PostgreSQL, which rejects it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in PROBES:
            try:
                request.get_host()
            except DisallowedHost as error:
                response = errors.error_response(request, 400)
                log_response("%s", error, response=response, request=request)
                return response
        if "HTTP_TRANSFER_ENCODING" in request.META:  # a body of unknown length
            raise BadRequest("no Content-Length")
        if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST_BODY:
            # Leave the body unread: Django's own limit does not count the bytes of files.
            return errors.error_response(request, 413)
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            return errors.error_response(request, 415 if is_for_api(request) else 400)
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        return self.get_response(request)


class ErrorPagesMiddleware:
    """Replace errors that Django renders: empty 405s, DEBUG's list of all routes, and pages below /api/."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400:
            return response
        if is_for_api(request) and not response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
            return self.with_page(request, response)
        if response.status_code == 404 and settings.DEBUG and not is_for_api(request):
            return errors.error_response(request, 404)
        if response.status_code == 405 and (response.streaming or not response.content):
            return self.with_page(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return a 400 if the body stopped early; with DEBUG, a 503 below /api/ if the database is away."""
        if isinstance(exception, UnreadablePostError):
            return errors.error_response(request, 400)
        if settings.DEBUG and is_for_api(request) and errors.is_away(exception):
            return errors.unavailable(request)
        return None

    def with_page(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Return the page for the status of a response without one. WhiteNoise streams its empty 405."""
        replacement = errors.error_response(request, response.status_code)
        for name in ("Allow", "Retry-After"):
            if name in response:
                replacement[name] = response[name]
        return replacement
