"""End other sessions: one, all, or all at once by a new security stamp."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import SessionEnded
from accounts.models import Session, User
from accounts.sessions.lifetimes import is_alive, limits_of
from accounts.sessions.locks import counted, lock_actor
from accounts.sessions.store import SessionStore, proof


def end_other_sessions(user: User, session: SessionStore | None, *, factor: str | None = None) -> None:
    """Give the user a new stamp. Only `session` gets it, with a new key; all others end.

    A factor's slug makes `session` verified by that factor, "" makes it unverified, None changes nothing.
    """
    user.rotate_stamp()
    user.save(update_fields=["security_stamp"])
    if session is None:
        return
    session.renew(user, **({} if factor is None else proof(factor, timezone.now())))


def end_elsewhere(user: User, *, session: SessionStore, actor: Actor, only: int | None = None) -> int:
    """End one of this user's other sessions (`only`), or all; return how many of them were still valid.

    Raises SessionEnded if this session itself has ended.
    """
    with counted(actor, always=True):
        # Lock all in the order of ids: if two sessions end each other, one comes first.
        held = Session.objects.filter(user=user).order_by("pk").select_for_update(no_key=True)
        keys = dict(held.values_list("pk", "key_hash"))
        own = session.row
        if own is None or keys.pop(own.pk, "") != own.key_hash:
            raise SessionEnded
        lock_actor(actor)
        now = timezone.now()
        chosen = Session.objects.filter(pk__in=[pk for pk in keys if only in (None, pk)])
        ended = number_alive(chosen, now)
        chosen.delete()
        if ended:
            event = Event.OTHER_SESSIONS_ENDED if only is None else Event.SESSION_ENDED
            record(event, actor=actor, subject=subject_of(user), user=user, number=ended)
        return ended


def number_alive(rows: QuerySet[Session], now: datetime) -> int:
    """Return how many of a user's sessions are valid."""
    limits, found = limits_of(rows), list(rows.select_related("user"))
    for row in found:
        row.__dict__.update(limits)
    return sum(is_alive(row, now) for row in found)
