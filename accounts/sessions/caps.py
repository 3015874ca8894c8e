"""Limit how many sessions and remembered browsers a user has: the one that was idle longest goes."""

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.audit import Actor, Event, record, subject_of
from accounts.models import RememberedBrowser, Session, User
from accounts.sessions.lifetimes import IDLE_LIFETIME, LAST_USED_RESOLUTION

MOST_SESSIONS = 100
MOST_REMEMBERED = 50

# Few users have so many sessions, and nobody makes the other half at the same moment: until then nothing is
# counted. The reads of a login have it in a column, so that it takes no further statement.
CROWD = MOST_SESSIONS // 2


CROWDED = "crowded"


def crowd_of(user_id: str) -> Exists:
    """Return a column for rows whose user is in this column: whether that user has a crowd of sessions."""
    return Exists(Session.objects.filter(user=OuterRef(user_id)).values("pk")[CROWD - 1 : CROWD])


def is_crowded(user: User, read: models.Model | None) -> bool:
    """Return whether a user has a crowd of sessions; `read` is a row that may have the column."""
    known: bool | None = getattr(read, CROWDED, None)
    if known is not None:
        return known
    return Session.objects.filter(user=user).values("pk")[CROWD - 1 : CROWD].exists()


def end_idle_sessions(user: User, *, keep: Session, actor: Actor) -> None:
    """End what exceeds MOST_SESSIONS, but not `keep`. Takes the user's lock, so that all logins count."""
    User.objects.lock(user.pk)
    now = timezone.now()
    valid = Session.objects.filter(
        user=user,
        security_stamp=user.security_stamp,
        created_at__lte=now + LAST_USED_RESOLUTION,
        expires_at__gt=now,
        last_used_at__gt=now - IDLE_LIFETIME,
    )
    number = remove_idle(valid.exclude(pk=keep.pk), MOST_SESSIONS - 1)
    if number:
        record(Event.IDLE_SESSIONS_ENDED, actor=actor, subject=subject_of(user), user=user, number=number)


def forget_idle_browsers(user: User, *, actor: Actor) -> None:
    """Make room for one more remembered browser. The caller holds the user's lock."""
    valid = RememberedBrowser.objects.filter(
        user=user, security_stamp=user.security_stamp, expires_at__gt=timezone.now()
    )
    number = remove_idle(valid, MOST_REMEMBERED - 1)
    if number:
        record(Event.IDLE_BROWSERS_FORGOTTEN, actor=actor, subject=subject_of(user), user=user, number=number)


def remove_idle(rows: QuerySet[Any], most: int) -> int:
    """Delete the rows above `most` that were idle for longest; return how many.

    Rows that somebody has locked are in use at this moment: the next ones go instead. To wait for them would
    be a deadlock, because the holder of a session's lock takes the user's next.
    """
    surplus = rows.count() - most
    if surplus <= 0:
        return 0
    idle = rows.order_by("last_used_at", "pk").select_for_update(skip_locked=True)
    chosen = list(idle.values_list("pk", flat=True)[:surplus])
    return int(rows.model._default_manager.filter(pk__in=chosen).delete()[0])
