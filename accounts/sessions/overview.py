"""List and end a user's sessions, and list their remembered browsers, for the page Sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.audit import Actor, Event, record, subject_of, user_agents
from accounts.exceptions import SessionEnded
from accounts.models import RememberedBrowser, Session, User
from accounts.sessions import remembered
from accounts.sessions.lifetimes import extra_columns, is_alive, limit_columns
from accounts.sessions.locks import lock_actor
from accounts.sessions.remembered import tokens
from accounts.sessions.store import SessionStore, hash_of

MOST_SHOWN = 100


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


def open_sessions(user: User, own: Session) -> list[SignedInBrowser]:
    """Return the user's valid sessions: this one first, then by last use. Pending logins don't count."""
    now = timezone.now()
    rows = Session.objects.filter(user=user, security_stamp=user.security_stamp)
    entries = []
    for row in rows.annotate(**limit_columns()).order_by("-last_used_at", "-pk"):
        row.user = user
        if is_alive(row, now):
            entries.append(SignedInBrowser.of(row, own))
    return sorted(entries, key=lambda entry: not entry.is_this)


@transaction.atomic
def end_elsewhere(user: User, *, session: SessionStore, actor: Actor, only: int | None = None) -> int:
    """End one of this user's other sessions (`only`), or all; return how many of them were still valid.

    Raises SessionEnded if this session itself has ended.
    """
    # Lock all in the order of ids: if two sessions end each other, one comes first.
    held = Session.objects.filter(user=user).order_by("pk").select_for_update(no_key=True)
    keys = dict(held.values_list("pk", "key_hash"))
    own = session.row
    if own is None or keys.pop(own.pk, "") != own.key_hash:
        raise SessionEnded
    lock_actor(actor)
    now = timezone.now()
    chosen = Session.objects.filter(pk__in=[pk for pk in keys if only in (None, pk)])
    ended = sum(is_alive(row, now) for row in chosen.with_people().annotate(**extra_columns))
    chosen.delete()
    if ended:
        event = Event.OTHER_SESSIONS_ENDED if only is None else Event.SESSION_ENDED
        record(event, actor=actor, subject=subject_of(user), user=user, number=ended)
    return ended


@dataclass(frozen=True)
class RememberedEntry:
    """A remembered browser, as shown to its user."""

    row: RememberedBrowser
    browser: str
    ends_at: datetime
    is_this: bool


def remembered_browsers(request: HttpRequest, user: User) -> list[RememberedEntry]:
    """Return this user's remembered browsers; `is_this` marks the current one."""
    own = hash_of(tokens(request).get(user.pk, ""))
    return [
        RememberedEntry(
            row, user_agents.describe(row.user_agent), remembered.ends_at(row), row.token_hash == own
        )
        for row in remembered.remembered_browsers(user)
    ]
