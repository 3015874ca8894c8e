"""Build addresses that clients can reach, whatever proxies have made of the Host header."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def public_origin(request: HttpRequest, scheme: str) -> str:
    """Return scheme, host and port under which the client reaches this site. Raises DisallowedHost.

    A proxy may have lost the port, or passed on that of http. Where the host is that of SITE_URL, its port is
    the right one, too.
    """
    host = request.get_host()
    site = urlsplit(settings.SITE_URL)
    if site.scheme == scheme and site.hostname == urlsplit(f"//{host}").hostname:
        return settings.SITE_URL
    return f"{scheme}://{host}"
