"""Read SHARED_NETWORKS: the networks of many people, whose limits by network are larger (docs/limits.md).

A mistake there would lift limits for everybody, so the start stops with a sentence that says what to write.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias

from django.core.exceptions import ImproperlyConfigured

Network: TypeAlias = IPv4Network | IPv6Network

# By version: the bits of the widest network, that of a large campus or a carrier, and a usual one.
WIDEST = {4: (16, "203.0.113.0/24"), 6: (32, "2001:db8:1::/48")}
# Networks whose last 32 bits are an IPv4 address: of a socket for both families, and of NAT64 (RFC 6052).
WITH_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))


def shared_networks(name: str, networks: Iterable[str], *, proxies: Iterable[str]) -> list[str]:
    """Return these networks, each once, IPv4 as IPv4. Raises ImproperlyConfigured, with the name in it."""
    found: dict[Network, None] = {}
    for text in networks:
        network = as_ipv4(ip_network(text))
        check_width(name, text, network)
        check_proxies(name, text, network, proxies)
        found[network] = None
    return [str(network) for network in found]


def as_ipv4(network: Network) -> Network:
    """Return the IPv4 network that is written as IPv6, as that is how its addresses are counted."""
    if isinstance(network, IPv4Network):
        return network
    for outer in WITH_IPV4:
        if network.subnet_of(outer):
            return IPv4Network((int(network.network_address) % 2**32, network.prefixlen - 96))
        if outer.subnet_of(network):  # all of IPv4, and more
            return IPv4Network("0.0.0.0/0")
    return network


def check_width(name: str, text: str, network: Network) -> None:
    """Raise ImproperlyConfigured if a network is so wide that it would lift limits for strangers."""
    widest, example = WIDEST[network.version]
    if network.prefixlen < widest:
        raise ImproperlyConfigured(
            f"{name}: {text} is too wide: limits would be larger for strangers, too. Write the networks that "
            f"your people come from, such as {example}; /{widest} is the widest."
        )


def check_proxies(name: str, text: str, network: Network, proxies: Iterable[str]) -> None:
    """Raise ImproperlyConfigured if a network holds a trusted proxy, or is held by a network of proxies."""
    for proxy in proxies:
        other = as_ipv4(ip_network(proxy, strict=False))
        if other.version == network.version and other.overlaps(network):
            raise ImproperlyConfigured(
                f"{name}: {text} and {proxy} of TRUSTED_PROXIES overlap. A proxy speaks for everybody: write "
                f"the networks that people come from into {name}, and only addresses of proxies into "
                "TRUSTED_PROXIES."
            )
