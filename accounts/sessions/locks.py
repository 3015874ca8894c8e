"""Take the first locks of a verb: the session or token of the actor, and the user."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import F

from accounts.audit import Actor
from accounts.exceptions import RateLimited, SessionEnded
from accounts.limits.successes import count_action, shorten_windows
from accounts.models import ApiToken, Session, User
from accounts.sessions.store import SessionStore


@contextmanager
def counted(actor: Actor, *, always: bool = False) -> Iterator[None]:
    """Open the transaction of a verb, and count it for the actor. Raises RateLimited, but not with `always`.

    `always` is for verbs that only take power away (accounts/limits/successes.py).
    Every verb that records an event or sends a mail, and that can be repeated, begins with this or `acting`.
    """
    try:
        with transaction.atomic():
            count_action(actor, always=always)
            yield
    except RateLimited:
        shorten_windows(actor)
        raise


@contextmanager
def acting(actor: Actor, *, always: bool = False) -> Iterator[Session | None]:
    """Like `counted`, and lock the actor's session or token if there is one; yield the session.

    A sign-out or revocation then comes before or after the whole verb. Raises SessionEnded, RateLimited.
    """
    with counted(actor, always=always):
        yield lock_actor(actor)


def lock_actor(actor: Actor) -> Session | None:
    """Lock the actor's session or token, first in the order of locks; return the session, if it is one.

    Raises SessionEnded if it is no longer valid.
    """
    if actor.token:
        actor.token.lock()
    if actor.session_id is None:
        return None
    good = Session.objects.filter(
        pk=actor.session_id,
        user=actor.user,
        user__is_active=True,
        user__security_stamp=F("security_stamp"),
    )
    # Not exists(): it ignores `of`, and would lock the user before any organization.
    session: Session | None = good.select_for_update(no_key=True, of=("self",)).first()
    if session is None:
        raise SessionEnded
    return session


def lock_acting_user(user: User) -> User:
    """Return the acting user, locked. Raises SessionEnded if they were deactivated, AccountGone."""
    locked: User = User.objects.lock(user.pk)
    if not locked.is_active:
        raise SessionEnded
    return locked


def ensure_still_acting(locked: User | None, user: User) -> User:
    """Return the locked row of the acting user.

    Raises SessionEnded if there is none, or if it was deactivated or has another stamp by now.
    """
    if locked is None or not locked.is_active or locked.security_stamp != user.security_stamp:
        raise SessionEnded
    return locked


def lock_sessions_and_tokens(user: User) -> None:
    """Lock every session and token of a user whose account is about to be deleted."""
    list(Session.objects.select_for_update(no_key=True).filter(user=user).order_by("pk"))
    list(ApiToken.objects.select_for_update(no_key=True).filter(owner=user).order_by("pk"))


def lock_user(
    user: User, session: SessionStore | None, *, row_too: bool = True, for_deletion: bool = False
) -> User:
    """Return the current user, locked. Raises SessionEnded if the session is not theirs, AccountGone."""
    if session and row_too:
        session.lock()
    locked: User = User.objects.lock(user.pk, for_deletion=for_deletion)
    if session:
        ensure_session_of(locked, session)
    return locked


def ensure_session_of(locked: User, session: SessionStore) -> None:
    """Raise SessionEnded unless this session, or pending login, is still good for the locked user."""
    row = session.row
    if row is None or row.security_stamp != locked.security_stamp or not locked.is_active:
        raise SessionEnded
