"""Who acts, from where, and the record of what was done."""

from dataclasses import dataclass
from typing import Any, Self

from django.http import HttpRequest

from accounts.models import AuditEvent, User

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
BACKUP_CODES_RENEWED = "backup_codes.renewed"
BACKUP_CODES_REVEALED = "backup_codes.revealed"


@dataclass(frozen=True)
class Actor:
    """Who acts, from where, through which door (html, admin, command)."""

    user: User | None
    ip: str | None
    user_agent: str
    door: str
    request_id: str = ""
    session_id: int | None = None

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
        )

    @classmethod
    def command(cls) -> Self:
        """Somebody with a shell on the server."""
        return cls(user=None, ip=None, user_agent="", door="command")

    def __str__(self) -> str:
        return name_of(self.user) if self.user else self.door


def name_of(user: User) -> str:
    return f"user:{user.username}"


def printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def record(event: str, *, actor: Actor, subject: str, user: User | None = None, **data: Any) -> None:
    """Write one event, in the transaction of what it records. Never put a secret or a code into data.

    `user` is the person whose activity page shows it.
    """
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
