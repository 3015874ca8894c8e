"""The nested networks by which a caller is counted, and how much each may do.

SHARED_NETWORKS names networks of many people: offices, campuses, carriers that put their customers behind few
addresses. What counts by network alone is SHARED_TIMES as much there. What protects a target as well (an
account, an address, a number) stays as it is: many people in one place don't need more mails to one mailbox.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from django.conf import settings

from accounts.audit import Actor
from accounts.audit.actor import ipv4_in

SHARED_TIMES = 20
# How many times the budget of one IPv4 address, or of one IPv6 /64, these networks have together.
WIDER = {"/24": 10, "/56": 3, "/48": 10}

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Source:
    """A network of a caller, and which of its nested networks it is: "" for the narrowest, else the length.

    `shared` says whether it is, or belongs to, a network of many people.
    """

    key: str
    length: str
    shared: bool = False

    @property
    def times(self) -> int:
        """Return how many times the budget of a single address it has."""
        return times_of(self.length) * (SHARED_TIMES if self.shared else 1)


def times_of(length: str) -> int:
    return WIDER.get(length, 1)


def usual_sources(actor: Actor) -> list[Source]:
    """Return the networks of a caller, from the narrowest to the widest, wherever they are."""
    narrowest, *wider = actor.networks
    return [Source(narrowest, ""), *(Source(network, length_of(network)) for network in wider)]


def sources_of(actor: Actor) -> list[Source]:
    """Return the networks of a caller, from the narrowest to the widest, with more for a shared network.

    A shared network uses up nothing of the networks around it: where those are wider than itself, it counts
    as a whole instead. Otherwise an office with one address would close the other 255 of its provider.
    """
    shared = shared_network_of(actor.ip)
    usual = usual_sources(actor)
    if shared is None:
        return usual
    within = [source for source in usual if network_in(source.key).subnet_of(shared)]  # type: ignore[arg-type]
    found = [Source(source.key, source.length, shared=True) for source in within]
    around = next((source for source in usual if source not in within), None)
    if around is None or str(shared) in {str(network_in(source.key)) for source in found}:
        return found
    return [*found, Source(str(shared), around.length, shared=True)]


def shared_network_of(ip: str | None) -> Network | None:
    """Return the widest of SHARED_NETWORKS that holds this address, or None."""
    if not settings.SHARED_NETWORKS:
        return None
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        address = ipv4_in(address) or address
    holding = [network for network in networks(tuple(settings.SHARED_NETWORKS)) if address in network]
    return min(holding, key=lambda network: network.prefixlen, default=None)


@cache
def networks(texts: Sequence[str]) -> list[Network]:
    """Return the networks of a setting, which were checked at the start (tfc_auth/shared_networks.py)."""
    return [ipaddress.ip_network(text) for text in texts]


def network_in(key: str) -> Network:
    return ipaddress.ip_network(key)


def length_of(network: str) -> str:
    return "/" + network.rpartition("/")[2]
