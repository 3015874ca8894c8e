"""Redirects to paths on this site only."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST_PATH = 2000


def safe_next(request: HttpRequest, value: str | None, default: str) -> str:
    """Return value if it is a path on this site, else default (R10)."""
    if (
        not value
        or len(value) > LONGEST_PATH
        or not value.startswith("/")
        or not value.isprintable()
        or not url_has_allowed_host_and_scheme(value, allowed_hosts=None, require_https=False)
    ):
        return default
    return value
