"""Tell the faults of proxies from those of browsers, where a form or a host is refused.

SITE_URL is the origin that is trusted. What a browser says of itself (Origin, Referer) is compared with it
and with what came through the proxies (Host and the scheme).
"""

import logging
import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from tfc_auth.log_once import OnceLogger

PROXY = "proxy"  # whose fault a refusal is
HIDDEN = "hidden"  # something on the way hides where a form comes from

FORM_OF_PROXY = (
    "A form was refused, and a proxy or SITE_URL is why: the browser is at %s (header %s), but the Host "
    "header is %r, X-Forwarded-Host %r, the scheme %s, and SITE_URL %s. Let the proxy pass on Host, port and "
    "scheme (see Proxy in docs/deployment.md), and SITE_URL be what browsers show."
)
FORM_HIDDEN = (
    "A form was refused because its request does not say where it comes from (Origin: %s, Referer: none). "
    "Does a proxy remove them, or set Referrer-Policy to no-referrer? Some add-ons of browsers do."
)
FOREIGN_HOST = (
    "The proxy %s passed on the Host header %r (X-Forwarded-Host: %r), which is not in ALLOWED_HOSTS. If "
    "every request comes like that, let the proxy pass on the host that browsers ask for, that of SITE_URL: "
    "%s."
)
log_once = OnceLogger(logging.getLogger(__name__))


def fault_of_form(request: HttpRequest) -> str:
    """Return PROXY or HIDDEN if that is why the form did not look like one of ours, else ""; log it once."""
    origin = request.META.get("HTTP_ORIGIN")
    referer = request.META.get("HTTP_REFERER")
    if origin is None and not request.is_secure():
        return ""  # Django compares neither
    header, said = ("Origin", origin) if origin is not None else ("Referer", origin_of(referer or ""))
    if said in own_origins(request):
        return ""
    if said in ("", "null"):
        log_once.warning(FORM_HIDDEN, said or "none", about=said)
        return HIDDEN
    if not is_ours(said, request):
        return ""
    forwarded_host = request.META.get("HTTP_X_FORWARDED_HOST", "")
    details = (request.get_host(), forwarded_host, request.scheme, settings.SITE_URL)
    log_once.warning(FORM_OF_PROXY, said, header, *details, about=said)
    return PROXY


def own_origins(request: HttpRequest) -> list[str]:
    """Return the origins whose forms are accepted."""
    return [*settings.CSRF_TRUSTED_ORIGINS, f"{request.scheme}://{request.get_host()}"]


def is_ours(origin: str, request: HttpRequest) -> bool:
    """Return whether the browser was on this site, at an address that we do not know as ours.

    No page of another site can make a browser say so.
    """
    if request.META.get("HTTP_SEC_FETCH_SITE") == "same-origin":
        return True
    return hostname(origin) in (hostname(own) for own in (settings.SITE_URL, *own_origins(request)))


def fault_of_host(request: HttpRequest) -> str:
    """Return PROXY if a refused Host header is a proxy's and the browser asked for this site, else ""."""
    forwarded_host = request.META.get("HTTP_X_FORWARDED_HOST", "")
    peer = request.META.get("tfc_auth.proxy")
    said = [
        hostname(f"//{forwarded_host.partition(',')[0].strip()}"),
        hostname(request.META.get("HTTP_ORIGIN", "")),
        hostname(request.META.get("HTTP_REFERER", "")),
    ]
    if hostname(settings.SITE_URL) not in said and not (peer and is_of_upstream(request)):
        return ""
    if peer:
        log_once.warning(
            FOREIGN_HOST, peer, request.META.get("HTTP_HOST", ""), forwarded_host, settings.SITE_URL
        )
    return PROXY


def is_of_upstream(request: HttpRequest) -> bool:
    """Return whether the Host header is how a proxy, and nobody from outside, calls this server."""
    host = request.META.get("HTTP_HOST", "")
    name, _colon, port = host.rpartition(":")
    if name and port == request.META.get("SERVER_PORT"):
        return True
    try:
        return ip_address(hostname(f"//{host}")).is_private
    except ValueError:
        return re.fullmatch(r"[A-Za-z0-9_-]+(:[0-9]+)?", host) is not None


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, or "" if it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""


def hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
