"""Check the answer to a challenge, or the password for sudo."""

from django.db import transaction

from accounts import limits, outbox
from accounts.audit import Actor, Event, record, subject_of
from accounts.audit.counts import FAILURES, REPEATED, refusals_counted
from accounts.audit.wrong_codes import wrong_codes_without_a_right_one
from accounts.exceptions import MethodSetAside
from accounts.factors import LOW_STOCK, remaining
from accounts.factors.base import Device, Factor, State
from accounts.factors.challenges import Purpose, record_failure
from accounts.limits import guesses
from accounts.login import sign_in
from accounts.models import User
from accounts.models.methods import PASSWORD
from accounts.sessions.locks import ensure_session_of, lock_user
from accounts.sessions.store import SessionStore
from accounts.users import passwords

# The owner is told from this wrong code on: everybody mistypes one, and a second after it.
TOLD_FROM = 3


def answer_challenge(
    user: User,
    factor: Factor,
    answer: str,
    state: State,
    *,
    purpose: Purpose,
    session: SessionStore,
    actor: Actor,
    remember: bool = False,
) -> Device | None:
    """Consume a right answer and, in the same transaction, complete the login or grant sudo.

    With `remember`, a login also sets `session.remembered_token`, which the browser keeps (D10). Returns the
    device, or None for a wrong answer. Raises RateLimited, DecryptionFailed, and SessionEnded if the session
    or the pending login ended in the meantime.
    """
    claims = guesses.for_code(user, factor.guesses, actor.browser)
    with refusals_counted(factor.slug), limits.guess(*claims) as guess, transaction.atomic():
        if purpose is Purpose.SUDO:
            session.lock()
        user, device = factor.lock(user)
        ensure_session_of(user, session)
        guess.admit()
        device = factor.verify_with(device, answer, state)
        repeated = device is None and factor.is_repeat(user, answer, state)
        if device is not None:
            after_answer(user, factor, purpose, session=session, actor=actor, remember=remember)
        elif not repeated:
            guess.count()
            record_failure(user, factor, purpose.value, actor=actor)
            if factor.count_failure(user):
                announce_set_aside(user, factor, actor=actor)
    if repeated:
        FAILURES.count(factor.slug, REPEATED)
    if device is None and not repeated and purpose is Purpose.LOGIN:
        tell_of_wrong_codes(user, actor=actor)
    return device


def after_answer(
    user: User, factor: Factor, purpose: Purpose, *, session: SessionStore, actor: Actor, remember: bool
) -> None:
    """Complete the login or grant sudo after a right answer."""
    if factor.is_backup:
        announce_use(user, actor=actor)
    if purpose is Purpose.LOGIN:
        sign_in.complete(user, factor=factor.slug, session=session, actor=actor, remember=remember)
        return
    session.prove(factor=factor.slug)
    record(Event.SUDO_GRANTED, actor=actor, subject=subject_of(user), user=user, method=factor.slug)


def announce_use(user: User, *, actor: Actor) -> None:
    """Tell the owner that a backup code was used, and how many are left (R28)."""
    codes_left = remaining(user)
    low = codes_left <= LOW_STOCK
    outbox.notify(user, "backup_code_used", actor=actor, codes_left=codes_left, low=low)


def announce_set_aside(user: User, factor: Factor, *, actor: Actor) -> None:
    """Record that a device was set aside, and tell the owner. Two-factor stays on (R16, D27)."""
    record(Event.TWO_FACTOR_SET_ASIDE, actor=actor, subject=subject_of(user), user=user, method=factor.slug)
    outbox.notify(user, "two_factor_set_aside", actor=actor, method=str(factor.label))


def tell_of_wrong_codes(user: User, *, actor: Actor) -> None:
    """Tell the owner about wrong codes, which take the password, if there are three without a right one."""
    if wrong_codes_without_a_right_one(user) < TOLD_FROM:
        return
    with transaction.atomic():
        outbox.notify(user, "wrong_codes", actor=actor)


def prove_by_password(user: User, password: str, *, session: SessionStore, actor: Actor) -> bool:
    """Grant sudo for the password to a user without two-factor (D6); return whether it was right.

    Raises MethodSetAside for a user with two-factor, RateLimited, SessionEnded.
    """
    if user.is_enrolled:
        raise MethodSetAside
    with passwords.authenticate(user, password, failed=Event.PASSWORD_FAILED, actor=actor) as right:
        if right is None:
            return False
        with transaction.atomic():
            lock_user(user, session)
            session.prove()
            record(Event.SUDO_GRANTED, actor=actor, subject=subject_of(user), user=user, method=PASSWORD)
            right.succeeded()
    return True
