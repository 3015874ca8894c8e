"""List and end a user's sessions, and list their remembered browsers, for the page Sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.http import HttpRequest
from django.utils import timezone

from accounts.audit import user_agents
from accounts.models import RememberedBrowser, Session, User
from accounts.sessions import remembered
from accounts.sessions.caps import MOST_SESSIONS
from accounts.sessions.lifetimes import is_alive, limits_of
from accounts.sessions.remembered import kept_tokens
from accounts.sessions.store import hash_of


@dataclass(frozen=True)
class SignedInBrowser:
    """A valid session, as shown to its user."""

    row: Session
    browser: str
    is_this: bool

    @property
    def is_remembered(self) -> bool:
        return self.row.factor == Session.REMEMBERED

    @classmethod
    def of(cls, row: Session, own: Session) -> Self:
        return cls(row, user_agents.describe(row.user_agent), row.pk == own.pk)


def open_sessions(user: User, own: Session) -> list[Session]:
    """Return the user's valid sessions: this one first, then by last use, MOST_SESSIONS at most.

    Pending logins don't count.
    """
    return [own, *valid_sessions(user, but=own, most=MOST_SESSIONS - 1)]


def valid_sessions(user: User, *, but: Session | None = None, most: int = MOST_SESSIONS) -> list[Session]:
    """Return the user's valid sessions by last use, the most recent first. Pending logins don't count."""
    now = timezone.now()
    rows = Session.objects.filter(user=user, security_stamp=user.security_stamp)
    limits = limits_of(rows, but)
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    newest = list(rows.order_by("-last_used_at", "-pk")[:most])
    for row in newest:
        row.user = user
        row.__dict__.update(limits)
    return [row for row in newest if is_alive(row, now)]


@dataclass(frozen=True)
class RememberedEntry:
    """A remembered browser, as shown to its user."""

    row: RememberedBrowser
    browser: str
    ends_at: datetime
    is_this: bool


def remembered_entries(
    request: HttpRequest, user: User, rows: Sequence[RememberedBrowser]
) -> list[RememberedEntry]:
    """Return what is shown of these remembered browsers of a user; `is_this` marks the current one."""
    own = hash_of(kept_tokens(request).get(user.pk, ""))
    return [
        RememberedEntry(
            row, user_agents.describe(row.user_agent), remembered.ends_at(row), row.token_hash == own
        )
        for row in rows
    ]
