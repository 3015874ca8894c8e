"""Signing in and out: what follows upon a right password, and upon a complete login."""

from django.db import IntegrityError, transaction

from accounts import audit, notifications, passwords
from accounts.audit import Actor, name_of, record
from accounts.models import User
from accounts.sessions import SessionStore


def sign_in(
    username: str,
    password: str,
    *,
    session: SessionStore,
    actor: Actor,
    next_path: str,
    known_users: frozenset[int],
) -> User | None:
    """Check the password; sign in who has nothing else to prove, or begin a pending login (R7).

    Returns None for a wrong password, an unknown or an inactive account: nobody can tell these apart.
    `session.row.pending_user` tells whether a second factor is still to come. Raises RateLimited.
    """
    checked = passwords.check(username, password, actor=actor)
    if checked is None:
        return None
    user = checked.user
    try:
        with transaction.atomic():
            if user.is_enrolled:
                session.begin_pending(user, actor=actor, next=next_path)
            else:
                session.sign_in(user, actor=actor)
                succeeded(user, actor=actor, method="password", known_browser=user.pk in known_users)
            checked.give_back()
    except IntegrityError:  # the account was deleted in between
        return None
    return user


def succeeded(user: User, *, actor: Actor, method: str, known_browser: bool) -> None:
    """Record a complete login, and tell the owner if the browser is a new one (R58)."""
    record(audit.LOGIN_SUCCEEDED, actor=actor, subject=name_of(user), user=user, method=method)
    if not known_browser:
        notifications.notify(user, "new_browser", actor=actor)


@transaction.atomic
def sign_out(*, session: SessionStore, actor: Actor) -> None:
    """End this session, or cancel this pending login. Harmless without either."""
    user = session.user or session.pending_user
    if user is None or not session.end():
        return
    record(audit.LOGOUT, actor=actor, subject=name_of(user), user=user)
