"""Sign in with a password, complete a login, sign out."""

from collections.abc import Mapping
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Model

from accounts import factors, outbox
from accounts.audit import Actor, Event, record, subject_of
from accounts.database.prepared import Prepared
from accounts.models import Session, User, login_key
from accounts.models.methods import PASSWORD
from accounts.sessions import caps, remembered
from accounts.sessions.store import SessionStore
from accounts.users import passwords

BY_NAME = Prepared(lambda key: User.objects.by_name_key(key).annotate(**factors.method_columns()))
BY_ADDRESS = Prepared(lambda key: User.objects.by_address_key(key).annotate(**factors.method_columns()))


def sign_in(
    username: str,
    password: str,
    *,
    session: SessionStore,
    actor: Actor,
    next_path: str,
    remembered_tokens: Mapping[int, str],
) -> User | None:
    """Check the password; then sign the user in, or begin a pending login if they need a second factor (R7).

    Returns the user. Returns None for a wrong password and for unknown and inactive accounts alike.
    `session.row.pending_user` is set if the second factor is still required. Raises RateLimited.
    """
    user = find(username)
    failed = Event.LOGIN_FAILED
    with passwords.authenticate(user, password, typed=username, failed=failed, actor=actor) as right:
        if user is None or right is None:
            return None
        token = remembered_tokens.get(user.pk, "")
        try:
            with transaction.atomic():
                after_password(user, token, session=session, actor=actor, next_path=next_path)
                right.succeeded()
        except IntegrityError:  # the account was deleted in between
            return None
    return user


def find(typed: str) -> User | None:
    """Return the user that `by_login` finds, with their methods, by a prepared read."""
    return (BY_ADDRESS if "@" in typed else BY_NAME).first(key=login_key(typed))


def after_password(
    user: User, remembered_token: str, *, session: SessionStore, actor: Actor, next_path: str
) -> None:
    """Sign in a user who needs no second factor here; begin a pending login for all others (R7)."""
    if not user.is_enrolled:
        session.sign_in(user, actor=actor)
        make_room(user, None, session=session, actor=actor)
        record_login(user, actor=actor, method=PASSWORD)
    elif remembered_token and (browser := remembered.recognise(user, remembered_token)):
        session.sign_in(user, actor=actor, remembered=browser)
        make_room(user, browser, session=session, actor=actor)
        record_login(user, actor=actor, method=Session.REMEMBERED)
    else:
        methods = factors.methods_read_with(user).states
        session.begin_pending(user, actor=actor, next=next_path, methods=methods)
        record(Event.PASSWORD_ACCEPTED, actor=actor, subject=subject_of(user), user=user)


def complete(user: User, *, factor: str, session: SessionStore, actor: Actor, remember: bool) -> None:
    """Turn a pending login into a session, in the transaction of the answer. Raises SessionEnded."""
    session.complete_login(user, factor=factor)
    make_room(user, session.row, session=session, actor=actor)
    remembered_for = remembered.lifetime_after(session.row) if remember and session.row else None
    record_login(user, actor=actor, method=factor, remembered_for=remembered_for)
    if remember:
        remembered.remember(user, method=factor, session=session, actor=actor)


def make_room(user: User, read: Model | None, *, session: SessionStore, actor: Actor) -> None:
    """End the sessions that exceed the most that a user may have (caps.is_crowded has `read`)."""
    if session.row is not None and caps.is_crowded(user, read):
        caps.end_idle_sessions(user, keep=session.row, actor=actor)


def record_login(user: User, *, actor: Actor, method: str, remembered_for: timedelta | None = None) -> None:
    """Record a complete login, and tell the owner if it came from an unknown browser (R58)."""
    record(Event.LOGIN_SUCCEEDED, actor=actor, subject=subject_of(user), user=user, method=method)
    if not actor.browser.is_current(user):
        # After a new password the first one is news again (R58), and so is one that was remembered.
        apart = f"{user.security_stamp}{':remembered' if remembered_for else ''}"
        outbox.notify(
            user, "new_browser", apart=apart, source=actor.network, actor=actor, remembered_for=remembered_for
        )


@transaction.atomic
def sign_out(*, session: SessionStore, actor: Actor) -> None:
    """End this session or cancel this pending login. Does nothing if there is neither."""
    user = session.user or session.pending_user
    if user is None or not session.end():
        return
    record(Event.LOGOUT, actor=actor, subject=subject_of(user), user=user)
