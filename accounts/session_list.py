"""Where somebody is signed in, in words; for the person alone."""

from dataclasses import dataclass
from typing import Self

from django.utils import timezone

from accounts.audit import user_agents
from accounts.lifetimes import carried_limits, is_alive
from accounts.models import Session, User

MOST_SHOWN = 100


@dataclass(frozen=True)
class Entry:
    row: Session
    browser: str
    is_this: bool

    @property
    def is_remembered(self) -> bool:
        return self.row.factor == Session.REMEMBERED

    @classmethod
    def of(cls, row: Session, own: Session) -> Self:
        return cls(row, user_agents.describe(row.user_agent), row.pk == own.pk)


def open_sessions(user: User, own: Session) -> list[Entry]:
    """Return the user's live sessions, this one first, then those used last. Pending logins are none."""
    now = timezone.now()
    rows = Session.objects.filter(user=user, security_stamp=user.security_stamp)
    entries = []
    for row in rows.annotate(**carried_limits()).order_by("-last_used_at", "-pk"):
        row.user = user
        if is_alive(row, now):
            entries.append(Entry.of(row, own))
    return sorted(entries, key=lambda entry: not entry.is_this)
