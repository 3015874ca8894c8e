"""Answer Prometheus at /metrics: the peers that METRICS_PEERS names, and nobody else.

Whoever is not named gets what any unknown path gives. What counts is the other end of the connection, never a
header, which anybody can write. A request that a proxy has passed on is somebody else's in any case.
"""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from accounts.metrics import scrape
from tfc_auth.middleware import GetResponse

PATH = "/metrics"
# What proxies add. One that adds nothing makes everybody one address: no limit works.
OF_PROXIES = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_REAL_IP",
)


class PeerMiddleware:
    """Remember whether the peer may read the metrics, before forwarded headers are applied and removed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.peers = [ip_network(text) for text in settings.METRICS_PEERS]
        if not self.peers:
            raise MiddlewareNotUsed

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == PATH:
            request.may_scrape = self.is_named(request)  # type: ignore[attr-defined]
        return self.get_response(request)

    def is_named(self, request: HttpRequest) -> bool:
        if any(name in request.META for name in OF_PROXIES):
            return False
        try:
            peer = ip_address(request.META.get("REMOTE_ADDR", ""))
        except ValueError:  # a socket of this machine has no address
            return False
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in network for network in self.peers)


class MetricsMiddleware:
    """Answer named peers. No session, no cookie, no Host header is looked at: Prometheus uses addresses."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if not settings.METRICS_PEERS:
            raise MiddlewareNotUsed

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not getattr(request, "may_scrape", False):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        return HttpResponse(scrape.page(), content_type=scrape.CONTENT_TYPE)
