"""Believe what trusted proxies say of their clients, and log what is wrong with it."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tfc_auth import forwarded
from tfc_auth.log_once import OnceLogger
from tfc_auth.middleware import PROBES, GetResponse

logger = logging.getLogger(__name__)

# For the operator: what each fault of a proxy does, and what mends it.
STRANGER = (
    "%s sends headers of a proxy, which are ignored: it is not in TRUSTED_PROXIES. If it is your proxy, add "
    "its address: until then everybody behind it shares one set of limits. If not, it gets past your proxy."
)
UNREADABLE = (
    "The proxy %s writes %s with %r, which is no address: all requests that it names so share the limits "
    "of %s."
)
MISSING = (
    "The proxy %s passed on a request without %s: everybody whom it does not name shares one set of limits. "
    "See Proxy in docs/deployment.md; FORWARDED_HEADER says which header is read."
)
NO_SCHEME = (
    "The proxy %s does not say whether a request came over https, so it counts as http, and pages are "
    "redirected in circles. Let it set X-Forwarded-Proto (with FORWARDED_HEADER=forwarded: proto)."
)
UNCLEAR_SCHEME = (
    "The proxy %s sent %r, which counts as http. Of several values, the one that the outermost proxy of "
    "TRUSTED_PROXIES wrote counts: is a proxy missing there?"
)


class ForwardedHeadersMiddleware:
    """Apply what TRUSTED_PROXIES say about a request, and remove all headers of that kind.

    FORWARDED_HEADER says which ones they write. The other ones may be a client's, whom no proxy contradicts.
    """

    # From the last two gunicorn and other servers derive the scheme, if they are told to, or by default.
    OF_SCHEME = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_PROTOCOL", "HTTP_X_FORWARDED_SSL")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.proxies = [forwarded.network_of(text) for text in settings.TRUSTED_PROXIES]
        self.header = settings.FORWARDED_HEADER
        self.log_once = OnceLogger(logger)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chain = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        schemes = [request.META.pop(name, "") for name in self.OF_SCHEME]
        of_rfc = request.META.pop("HTTP_FORWARDED", "")
        if any(schemes):
            # The server may have believed them: only a proxy's word, below, makes this https.
            request.META["wsgi.url_scheme"] = "http"
        peer = forwarded.address_of(request.META.get("REMOTE_ADDR", ""))
        if peer is not None:
            request.META["REMOTE_ADDR"] = str(peer)
        if peer is not None and self.is_proxy(peer):
            request.META["tfc_auth.proxy"] = str(peer)
            if self.header == "forwarded":
                self.apply_forwarded(request, peer, of_rfc)
            else:
                self.apply_x_forwarded(request, peer, chain, schemes[0])
        elif chain or schemes[0] or of_rfc:
            # By address: a stranger who scans the site must not keep the line about a proxy from the log.
            self.log_once.warning(STRANGER, peer or "a socket without an address", about=peer)
        return self.get_response(request)

    def is_proxy(self, address: forwarded.Address) -> bool:
        return any(address in network for network in self.proxies)

    def apply_x_forwarded(
        self, request: HttpRequest, peer: forwarded.Address, chain: str, schemes: str
    ) -> None:
        client = forwarded.client_of(peer, forwarded.of_x_forwarded_for(chain), self.is_proxy)
        self.apply(request, peer, client, "X-Forwarded-For")
        scheme, is_plain = forwarded.scheme_of(schemes, client.hops)
        if schemes:
            request.META["wsgi.url_scheme"] = scheme
        if not is_plain:
            self.doubt_scheme(request, peer, f"X-Forwarded-Proto: {schemes}" if schemes else "")

    def apply_forwarded(self, request: HttpRequest, peer: forwarded.Address, header: str) -> None:
        client = forwarded.client_of(peer, forwarded.of_forwarded(header), self.is_proxy)
        self.apply(request, peer, client, "Forwarded")
        if client.hops:
            request.META["wsgi.url_scheme"] = "https" if client.proto.lower() == "https" else "http"
        if client.proto.lower() not in forwarded.SCHEMES:
            self.doubt_scheme(request, peer, f"Forwarded: {header}" if header else "")

    def apply(
        self, request: HttpRequest, peer: forwarded.Address, client: forwarded.Client, header: str
    ) -> None:
        """Take the address of the client. A client without one shares its proxy's limits, which is logged."""
        request.META["REMOTE_ADDR"] = str(client.address)
        if client.unreadable is not None:
            self.log_once.warning(UNREADABLE, peer, header, client.unreadable, client.address, about=peer)
        elif not client.hops and request.path_info not in PROBES:
            self.log_once.warning(MISSING, peer, header, about=peer)

    def doubt_scheme(self, request: HttpRequest, peer: forwarded.Address, header: str) -> None:
        if not settings.SECURE_SSL_REDIRECT or request.path_info in PROBES:
            return
        if header:
            self.log_once.warning(UNCLEAR_SCHEME, peer, header, about=peer)
        else:
            self.log_once.warning(NO_SCHEME, peer, about=peer)
