"""Private cookies: sent to this host only, and hidden from scripts (D29)."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def private_name(stem: str, *, path: str = "/") -> str:
    """Return the cookie's name. HTTPS adds a prefix: browsers accept `__Host-` only for the path /."""
    if not settings.HTTPS:
        return stem
    return f"__Host-{stem}" if path == "/" else f"__Secure-{stem}"


def read_private(request: HttpRequest, stem: str, *, path: str = "/") -> str:
    """Return the value that the browser sent, or "". Untrusted: the caller must verify it."""
    return request.COOKIES.get(private_name(stem, path=path), "")


def set_private(
    response: HttpResponse, stem: str, value: str, *, lifetime: timedelta, path: str = "/"
) -> None:
    response.set_cookie(
        private_name(stem, path=path),
        value,
        max_age=int(lifetime.total_seconds()),
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def delete_private(response: HttpResponse, stem: str, *, path: str = "/") -> None:
    response.delete_cookie(private_name(stem, path=path), path=path, samesite="Lax")
