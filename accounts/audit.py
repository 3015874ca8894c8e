"""Who acts, from where, and the record of what was done."""

import ipaddress
from dataclasses import dataclass
from typing import Any, Self

from django.http import HttpRequest

from accounts.known_browsers import UNKNOWN, Browser
from accounts.models import AuditEvent, BearerToken, User

LOGIN_SUCCEEDED = "login.succeeded"
LOGIN_FAILED = "login.failed"
LOGOUT = "login.ended"
SUDO_GRANTED = "sudo.granted"
TWO_FACTOR_STARTED = "two_factor.started"
TWO_FACTOR_CANCELLED = "two_factor.cancelled"
TWO_FACTOR_CHALLENGED = "two_factor.challenged"
TWO_FACTOR_ADDED = "two_factor.added"
TWO_FACTOR_REMOVED = "two_factor.removed"
TWO_FACTOR_ENABLED = "two_factor.enabled"
TWO_FACTOR_REPLACED = "two_factor.replaced"
TWO_FACTOR_DISABLED = "two_factor.disabled"
TWO_FACTOR_FAILED = "two_factor.failed"
TWO_FACTOR_SET_ASIDE = "two_factor.set_aside"
BACKUP_CODES_RENEWED = "backup_codes.renewed"
BACKUP_CODES_REVEALED = "backup_codes.revealed"

# Whoever has one IPv6 address has a network of them, and could take a new one for each guess.
IPV6_NETWORK = 64  # bits


@dataclass(frozen=True)
class Actor:
    """Who acts, from where, through which door (html, admin, api, command)."""

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
            user_agent=printable(request.META.get("HTTP_USER_AGENT", ""))[:255],
            door=door,
            request_id=getattr(request, "id", ""),
            session_id=row.pk if row is not None else None,
            browser=Browser.of(request),
        )

    @classmethod
    def of_program(cls, request: HttpRequest, token: BearerToken | None) -> Self:
        """A program with its token. Cookies are none of its business."""
        return cls(
            user=token.user if token else None,
            ip=request.META.get("REMOTE_ADDR") or None,
            user_agent=printable(request.META.get("HTTP_USER_AGENT", ""))[:255],
            door="api",
            request_id=getattr(request, "id", ""),
            token=token,
        )

    @classmethod
    def command(cls) -> Self:
        """Somebody with a shell on the server."""
        return cls(user=None, ip=None, user_agent="", door="command")

    def __str__(self) -> str:
        if self.token:
            return self.token.holder
        return name_of(self.user) if self.user else self.door

    @property
    def network(self) -> str:
        """Where limits by address count this actor: an IPv4 address, or the network of an IPv6 address."""
        try:
            address = ipaddress.ip_address(self.ip or "")
        except ValueError:
            return self.ip or ""
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        if address.ipv4_mapped:  # what a socket for both families makes of an IPv4 address
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), IPV6_NETWORK), strict=False))


def name_of(user: User) -> str:
    return f"user:{user.username}"


def printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def record(event: str, *, actor: Actor, subject: str, user: User | None = None, **data: Any) -> None:
    """Write one event, in the transaction of what it records. Never put a secret or a code into data.

    `user` is the person whose activity page shows it. What a token did says by which one.
    """
    if actor.token:
        data["token"] = actor.token.public_id
    AuditEvent.objects.create(
        event=event,
        actor=str(actor),
        subject=subject,
        user_id=user.pk if user else None,
        ip=actor.ip,
        user_agent=actor.user_agent,
        door=actor.door,
        request_id=actor.request_id,
        data=data,
    )
