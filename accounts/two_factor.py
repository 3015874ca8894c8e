"""The verbs of two-factor authentication. Every door calls these, and those that begin an enrolment
(accounts/challenges.py) or renew the codes (accounts/backup_codes.py).

Order within each: spend the budget (its own transaction), then one transaction that locks, checks, consumes,
moves the session on and records. A wrong answer is no exception: raising would roll back what was counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from django.db import transaction
from django.utils import timezone

from accounts import backup_codes, factors, limits, login, outbox, signals
from accounts.audit import Actor, events, name_of, record
from accounts.exceptions import (
    Busy,
    DecryptionFailed,
    EnrolmentExpired,
    LastMethod,
    RateLimited,
    TwoFactorNotEnabled,
)
from accounts.factors.base import Device, Factor, State
from accounts.limits import Budget, Reservation, guesses
from accounts.models import User
from accounts.sessions.locks import end_other_sessions, hold, hold_session_of
from accounts.sessions.store import SessionStore
from accounts.users.administration import lock_managed

WRONG_CODE_MAILS = Budget("mail:wrong-codes", (1, 3600))
ATTEMPTS_AT_LOCKING = 5


class Purpose(Enum):
    LOGIN = "login"
    SUDO = "sudo"


@dataclass(frozen=True)
class Enrolment:
    """A confirmed device, and the backup codes that came with it if it was the first."""

    device: Device
    codes: list[str] = field(default_factory=list)


class StartOver(Exception):
    """What a removal was decided upon changed while it waited for its locks."""


@contextmanager
def looking_at(reservation: Reservation) -> Iterator[None]:
    """Open the transaction of an answer. One that can't be looked at, under a wrong key, was no guess."""
    try:
        with transaction.atomic():
            yield
    except DecryptionFailed:
        with transaction.atomic():
            limits.give_back(reservation)
        raise


def confirm_enrolment(
    user: User, factor: Factor, answer: str, state: State, *, session: SessionStore, actor: Actor
) -> Enrolment | None:
    """Confirm the device if the answer is right, in the place of the one that the user had (D3).

    Returns None for a wrong answer. The first device brings backup codes. Every other session ends (R22).
    Raises RateLimited, EnrolmentExpired, DecryptionFailed, SessionEnded.
    """
    reservation = limits.reserve(*guesses.for_code(user, factor.guesses, actor.browser))
    with looking_at(reservation):
        user = hold(user, session)
        if not factor.is_pending(user, state):
            raise EnrolmentExpired
        replacing = factor.device_of(user) is not None
        device = factor.complete_enrolment(user, answer, state)
        if device is not None:
            limits.give_back(reservation)
            codes = [] if user.is_enrolled else switch_on(user)
            end_other_sessions(user, session, factor=factor.slug)
            event, mail = (
                (events.TWO_FACTOR_REPLACED, "two_factor_replaced")
                if replacing
                else (events.TWO_FACTOR_ENABLED, "two_factor_enabled")
                if codes
                else (events.TWO_FACTOR_ADDED, "two_factor_added")
            )
            record(event, actor=actor, subject=name_of(user), user=user, method=factor.slug)
            outbox.notify(user, mail, actor=actor, method=str(factor.label))
            if codes:
                # Last: whoever mirrors it counts, and others wait for a count until we commit.
                signals.two_factor_changed.send(User, user=user, enabled=True)
            return Enrolment(device, codes)
        record_failure(user, factor, "enrolment", actor=actor)
    return None


def switch_on(user: User) -> list[str]:
    """Write that two-factor is on; return the new backup codes."""
    user.two_factor_enabled_at = timezone.now()
    user.save(update_fields=["two_factor_enabled_at"])
    return backup_codes.issue(user)


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
    """Consume a right answer and, in the same transaction, move the session on: logged in, or sudo.

    A login may have the browser remembered (D10): `session.remembered_token` is then for it to keep.
    Returns None for a wrong answer. Raises RateLimited, DecryptionFailed, and SessionEnded when the pending
    login or the session that asks was voided meanwhile.
    """
    reservation = limits.reserve(*guesses.for_code(user, factor.guesses, actor.browser))
    with looking_at(reservation):
        user = hold(user, session, row_too=purpose is Purpose.SUDO)
        device = factor.verify(user, answer, state)
        repeated = device is None and factor.is_repeat(user, answer, state)
        if device is not None or repeated:
            limits.give_back(reservation)
        if device is not None:
            move_on(user, factor, purpose, session=session, actor=actor, remember=remember)
        elif not repeated:
            record_failure(user, factor, purpose.value, actor=actor)
            if factor.count_failure(user):
                announce_set_aside(user, factor, actor=actor)
    if device is None and not repeated and purpose is Purpose.LOGIN:
        tell_of_wrong_codes(user, actor=actor)
    return device


def move_on(
    user: User, factor: Factor, purpose: Purpose, *, session: SessionStore, actor: Actor, remember: bool
) -> None:
    """Do what a right answer is for."""
    if factor.is_backup:
        backup_codes.announce_use(user, actor=actor)
    if purpose is Purpose.LOGIN:
        login.complete(user, factor=factor.slug, session=session, actor=actor, remember=remember)
        return
    session.prove(factor=factor.slug)
    record(events.SUDO_GRANTED, actor=actor, subject=name_of(user), user=user, method=factor.slug)


def record_failure(user: User, factor: Factor, purpose: str, *, actor: Actor) -> None:
    record(
        events.TWO_FACTOR_FAILED,
        actor=actor,
        subject=name_of(user),
        user=user,
        method=factor.slug,
        purpose=purpose,
    )


def announce_set_aside(user: User, factor: Factor, *, actor: Actor) -> None:
    """Record and tell that a device has taken its last wrong answer. Two-factor stays on (R16, D27)."""
    record(events.TWO_FACTOR_SET_ASIDE, actor=actor, subject=name_of(user), user=user, method=factor.slug)
    outbox.notify(user, "two_factor_set_aside", actor=actor, method=str(factor.label))


def tell_of_wrong_codes(user: User, *, actor: Actor) -> None:
    """Tell the owner, once an hour: whoever gets as far as this knows the password."""
    try:
        limits.reserve((WRONG_CODE_MAILS, guesses.account(user)))
    except RateLimited:
        return
    with transaction.atomic():
        outbox.notify(user, "wrong_codes", actor=actor)


@transaction.atomic
def remove(user: User, factor: Factor, *, session: SessionStore, actor: Actor) -> None:
    """Remove one of several primary devices; the last one goes by `disable` only. Codes stay valid.

    Raises LastMethod when no other would be left that works, SessionEnded.
    """
    user = hold(user, session)
    methods = factors.methods_of(user)
    if factor.slug not in methods.slugs:
        raise TwoFactorNotEnabled
    if not any(other != factor for other in methods.working):
        raise LastMethod
    factor.devices(user, confirmed=True).delete()
    end_other_sessions(user, session)
    record(events.TWO_FACTOR_REMOVED, actor=actor, subject=name_of(user), user=user, method=factor.slug)
    outbox.notify(user, "two_factor_method_removed", actor=actor, method=str(factor.label))


def disable(
    user: User,
    *,
    actor: Actor,
    session: SessionStore | None = None,
    reason: str = "",
    forced: bool = False,
) -> None:
    """Remove every device and the codes, in one transaction; end every other session (R31).

    Refused for an owner of an organization that requires two-factor, but for `forced` (break-glass), which
    is recorded. Without a session it is done to somebody else. Raises TwoFactorNotEnabled,
    TwoFactorRemovalRefused, NotYours, Busy, SessionEnded.
    """
    for attempt in range(ATTEMPTS_AT_LOCKING):
        try:
            return disable_once(user, actor=actor, session=session, reason=reason, forced=forced)
        except StartOver:
            if attempt + 1 == ATTEMPTS_AT_LOCKING:
                raise Busy from None
    return None


@transaction.atomic
def disable_once(
    user: User, *, actor: Actor, session: SessionStore | None, reason: str, forced: bool
) -> None:
    if session:
        session.hold()
    else:
        hold_session_of(actor)
    decided_upon = signals.two_factor_removing.send(User, user=user, forced=forced, lock=True)
    user = hold(user, session, row_too=False) if session else lock_managed(user, actor=actor)[0]
    if signals.two_factor_removing.send(User, user=user, forced=forced, lock=False) != decided_upon:
        raise StartOver
    if not user.is_enrolled:
        raise TwoFactorNotEnabled
    for factor in factors.all_factors():
        factor.device_model._default_manager.filter(user=user).delete()
    user.two_factor_enabled_at = None
    user.save(update_fields=["two_factor_enabled_at"])
    end_other_sessions(user, session, factor="")
    record(
        events.TWO_FACTOR_DISABLED,
        actor=actor,
        subject=name_of(user),
        user=user,
        reason=reason,
        forced=forced,
    )
    by_the_user = session is not None
    mail = "two_factor_disabled" if by_the_user else "two_factor_removed_by_admin"
    outbox.notify(user, mail, actor=actor, reason=reason)
    signals.two_factor_changed.send(User, user=user, enabled=False)


def discard_stale_enrolments() -> int:
    """Remove unconfirmed devices that nobody can confirm any more; return how many."""
    return sum(factor.discard_stale() for factor in factors.all_factors())
