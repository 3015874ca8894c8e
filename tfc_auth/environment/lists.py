"""Readers of comma-separated lists."""

import re
from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network

import phonenumbers
from babel import Locale
from babel.core import get_global
from django.core.exceptions import ImproperlyConfigured

from tfc_auth.environment.source import Source, shown

# Wider networks, by version of IP, hold everybody, if they are not private (fc00::/7 is).
WIDEST = {4: 8, 6: 16}
OF_IPV4 = IPv6Network("::ffff:0:0/96")  # all of IPv4, as sockets for both families write it


class Lists(Source):
    def words(self, name: str, *, default: Sequence[str]) -> list[str]:
        """Return the parts of a list, trimmed, each once; empty ones don't count. Raises
        ImproperlyConfigured.
        """
        value = self.text(name)
        if not value:
            return list(default)
        found = list(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        if not found:
            raise ImproperlyConfigured(f"{name} has only commas: write values between them, or leave it out.")
        return found

    def networks(self, name: str) -> list[str]:
        """Return addresses and networks as `ipaddress` writes them. Raises ImproperlyConfigured."""
        return list(dict.fromkeys(str(network_of(name, part)) for part in self.words(name, default=[])))

    def countries(self, name: str, *, default: str) -> list[str]:
        """Return ISO codes of countries that have telephone numbers. Raises ImproperlyConfigured."""
        found = self.words(name, default=default.split(","))
        for code in found:
            if code.upper() not in phonenumbers.SUPPORTED_REGIONS:
                better = iso_codes().get(code.upper())
                hint = f"write {better}" if better else "write two-letter codes, such as GB,DE,"
                raise ImproperlyConfigured(
                    f"{name} must be ISO country codes with commas between them: {hint} "
                    f"instead of {shown(code)}."
                )
        return list(dict.fromkeys(code.upper() for code in found))


def network_of(name: str, text: str) -> IPv4Network | IPv6Network:
    """Return the network that a text names; IPv4 if it is written in the form of IPv6. Raises
    ImproperlyConfigured.
    """
    try:
        network = ip_network(re.sub(r"^\[(.*)\]$", r"\1", text), strict=False)
        if "/" in text and ip_interface(text).ip != network.network_address:
            raise ImproperlyConfigured(
                f"{name}: {text} is an address within a network: write {network} for the whole network, or "
                f"{ip_interface(text).ip} for that address alone."
            )
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must be addresses or networks with commas between them, such as "
            f"10.0.0.5,192.168.7.0/24, not {shown(text)}."
        ) from None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        network = ip_network(f"{mapped}/{network.prefixlen - 96}")
    holds_ipv4 = isinstance(network, IPv6Network) and OF_IPV4.subnet_of(network)
    if holds_ipv4 or (network.prefixlen < WIDEST[network.version] and not network.is_private):
        raise ImproperlyConfigured(
            f"{name}: {text} is too wide: nearly every visitor would count as part of it. Write "
            "your own addresses."
        )
    return network


@cache
def iso_codes() -> dict[str, str]:
    """Return codes by what people write instead of them: other codes (UK, USA), and names in English."""
    names = {name.upper(): code for code, name in Locale("en").territories.items() if len(code) == 2}
    others = {other: codes[0] for other, codes in get_global("territory_aliases").items()}
    return {wrong: code for wrong, code in (names | others).items() if code in phonenumbers.SUPPORTED_REGIONS}
