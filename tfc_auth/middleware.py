"""Add request ids, checks, headers and error pages to every request and response."""

import secrets
from collections.abc import Callable

from csp.utils import build_policy
from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost, MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.middleware.locale import LocaleMiddleware as DjangoLocaleMiddleware
from django.utils.log import log_response

from accounts.jsonapi.documents import MEDIA_TYPE
from accounts.jsonapi.middleware import is_for_api
from tfc_auth import bodies, errors, origins
from tfc_auth.logs import request_id

GetResponse = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
# Load balancers request these by IP address, so Host is not checked. They show nothing of the request.
PROBES = ("/healthz", "/readyz")
# Bytes: the limit for the fields, and room for the headers and boundaries of multipart.
LONGEST_BODY = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 64 * 1024


class EdgeMiddleware:
    """Give each request an id, and each response what it needs on its way out.

    One class does what concerns every answer. Several classes would be as many calls
    around each other.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.headers = {
            "Permissions-Policy": PERMISSIONS_POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            # Pages are private; only static files are cached (R51).
            "Cache-Control": "no-store",
        }
        if not settings.USE_I18N:  # otherwise LocaleMiddleware says which
            self.headers["Content-Language"] = settings.LANGUAGE_CODE
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.id = secrets.token_hex(8)  # type: ignore[attr-defined]
        token = request_id.set(request.id)  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
            self.set_headers(response)
            response["X-Request-Id"] = request_id.get()
        finally:
            request_id.reset(token)
        self.end(request, response)
        return response

    def set_headers(self, response: HttpResponse) -> None:
        """Set the headers that Django has no setting for, where no view has set them."""
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        # Django's page of an error, with DEBUG, has styles and scripts in it.
        if not (settings.DEBUG and response.status_code >= 500):
            response.headers.setdefault("Content-Security-Policy", self.policy)

    def end(self, request: HttpRequest, response: HttpResponse) -> None:
        """Say where the response ends, and read no further where nobody has read the request to its end.

        Mails are sent after the response. Without a length, a proxy that speaks HTTP/1.0 to us (as nginx
        does) waits until the connection is closed, after those mails. And the server would read a body in
        chunks for as long as bytes trickle in, to find the next request behind it.
        """
        if response.status_code != 204 and not response.streaming:  # 204 must not have a length
            response.headers.setdefault("Content-Length", str(len(response.content)))
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.content = b""  # gunicorn would drop it, with a warning each time
        if "HTTP_TRANSFER_ENCODING" in request.META:  # bodies.read_chunks removes it
            bodies.stop_receiving(bodies.client_of(request))


class LocaleMiddleware(DjangoLocaleMiddleware):
    """Choose the language of a request, where there is more than one."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.USE_I18N:
            raise MiddlewareNotUsed
        super().__init__(get_response)


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
                of_proxy = origins.fault_of_host(request) == origins.PROXY
                response = errors.error_response(request, 400, "400_proxy" if of_proxy else None)
                log_response("%s", error, response=response, request=request)
                return response
        if refusal := self.refusal_of_body(request):
            return refusal
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            return errors.error_response(request, 415 if is_for_api(request) else 400)
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        return self.get_response(request)

    def refusal_of_body(self, request: HttpRequest) -> HttpResponse | None:
        """Return the refusal of a body that is too long, or cannot be read. Chunks are read here."""
        try:
            if "HTTP_TRANSFER_ENCODING" in request.META:
                bodies.read_chunks(request, LONGEST_BODY)
            elif int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST_BODY:
                # Leave the body unread: Django's own limit does not count the bytes of files.
                bodies.throw_away(request)
                raise bodies.TooLong
        except bodies.TooLong:
            status, why = 413, f"a body of more than {LONGEST_BODY} bytes"
        except bodies.TooSlow:
            status, why = 408, f"a body that took more than {bodies.SECONDS} seconds"
        except bodies.Unreadable as error:
            status, why = 400, str(error)
        else:
            return None
        response = errors.error_response(request, status)
        log_response("Refused %s: %s", why, request.path, response=response, request=request)
        return response


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
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.status_code == 404 and settings.DEBUG and is_page and not is_for_api(request):
            return errors.not_found(request)
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
        if response.status_code == 405:
            replacement = errors.method_not_allowed(request, response.headers.get("Allow", ""))
        else:
            replacement = errors.error_response(request, response.status_code)
        for name in ("Allow", "Retry-After"):
            if name in response:
                replacement[name] = response[name]
        return replacement
