"""Who acts, from where, through which door."""

import ipaddress
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from django.http import HttpRequest

from accounts.audit.known_browsers import UNKNOWN, Browser
from accounts.models import BearerToken, User

# An IPv6 user controls a whole /64 network and could use a new address for every guess. Many control the /56
# or /48 around it. Bits, from the narrowest network to the widest.
IPV4_NETWORKS = (24,)  # around the address itself
IPV6_NETWORKS = (64, 56, 48)
# A NAT64 translator reports all of IPv4 within this network (RFC 6052), which is part of a single /64.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
BACKGROUND = "background"  # the door of what somebody started, and `run_due_work` goes on with


@dataclass(frozen=True)
class Actor:
    """Who acts, from where, through which door (html, admin, api, command, background, breaker, schedule)."""

    user: User | None
    ip: str | None
    user_agent: str
    door: str
    request_id: str = ""
    session_id: int | None = None
    browser: Browser = UNKNOWN
    token: BearerToken | None = None

    @classmethod
    def of(cls, request: HttpRequest, door: str = "html") -> Self:
        row = getattr(request.session, "row", None)
        return cls(
            user=request.user if isinstance(request.user, User) else None,
            ip=request.META.get("REMOTE_ADDR") or None,
            user_agent=strip_control_characters(request.META.get("HTTP_USER_AGENT", ""))[:255],
            door=door,
            request_id=getattr(request, "id", ""),
            session_id=row.pk if row is not None else None,
            browser=Browser.of(request),
        )

    @classmethod
    def of_program(cls, request: HttpRequest, token: BearerToken | None) -> Self:
        """Return the actor of an API request. Cookies and sessions are ignored."""
        return cls(
            user=token.user if token else None,
            ip=request.META.get("REMOTE_ADDR") or None,
            user_agent=strip_control_characters(request.META.get("HTTP_USER_AGENT", ""))[:255],
            door="api",
            request_id=getattr(request, "id", ""),
            token=token,
        )

    @classmethod
    def command(cls) -> Self:
        """Return the actor of a management command: somebody with a shell on the server."""
        return cls(user=None, ip=None, user_agent="", door="command")

    @classmethod
    def in_background(cls, user: User | None, *, ip: str | None = None, user_agent: str = "") -> Self:
        """Return the actor of work that goes on for somebody who started it from this address.

        It has no session: the verb asks for the rights of the user as they are now.
        """
        return cls(user=user, ip=ip, user_agent=user_agent, door=BACKGROUND)

    def __str__(self) -> str:
        if self.token:
            return self.token.holder
        return subject_of(self.user) if self.user else self.door

    @property
    def responsible_id(self) -> int | None:
        """Return the id of the user who acts, or who created the token that acts; None if nobody is known.

        A token that belongs to nobody hands it on to what it makes. Otherwise a person could make a token of
        which nobody knows whose it was.
        """
        if self.user is not None:
            return int(self.user.pk)
        return self.token.created_by_id if self.token else None

    @property
    def network(self) -> str:
        """Return the key for limits by address: the IPv4 address, or the /64 network of the IPv6 address."""
        return self.networks[0]

    @cached_property
    def networks(self) -> tuple[str, ...]:
        """Return the keys for limits by address, from the narrowest network to the widest; one at least."""
        return networks_of(self.ip)

    @property
    def source(self) -> str:
        """Return the key for limits by person: at the pages, or through any token that the person has made.

        Both are counted apart: nobody who has got hold of a token uses up what its owner has at the pages.
        """
        if self.token is None:
            return f"user:{self.user.pk}" if self.user else self.door
        maker = self.responsible_id
        return f"tokens-of:{self if maker is None else maker}"


def networks_of(ip: str | None) -> tuple[str, ...]:
    """Return the address or its /64 network, and the networks around it, as keys; one at least."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return (ip or "",)
    if isinstance(address, ipaddress.IPv6Address):
        inner = ipv4_in(address)
        if inner is None:
            return tuple(network_of(address, bits) for bits in IPV6_NETWORKS)
        address = inner
    return str(address), *(network_of(address, bits) for bits in IPV4_NETWORKS)


def ipv4_in(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that a dual-stack socket or a translator reports as IPv6, or None."""
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) % 2**32)
    return address.ipv4_mapped


def network_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> str:
    return str(ipaddress.ip_network((int(address), bits), strict=False))


def subject_of(user: User) -> str:
    return f"user:{user.username}"


def strip_control_characters(text: str) -> str:
    if text.isprintable():  # as nearly all texts are
        return text
    return "".join(char for char in text if char.isprintable())
