"""The verbs of two-factor authentication. Every door calls these, and only these write devices.

Order within each: spend the budget (its own transaction), then one transaction that locks, checks, consumes,
moves the session on and records. A wrong answer is no exception: raising would roll back what was counted.
"""

from dataclasses import dataclass, field
from enum import Enum

from django.db import transaction
from django.utils import timezone

from accounts import audit, backup_codes, factors, limits, login, notifications, signals
from accounts.audit import Actor, name_of, record
from accounts.exceptions import (
    EmailNotConfirmed,
    EnrolmentExpired,
    RateLimited,
    RuleViolation,
    TwoFactorNotEnabled,
)
from accounts.factors.base import Device, Factor, State
from accounts.limits import Budget
from accounts.models import User
from accounts.sessions import SessionStore, acting, end_other_sessions, hold, hold_session_of

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


class OwnershipChanged(Exception):
    """What a removal was decided upon changed while it waited for its locks; start over."""


def begin_enrolment(user: User, factor: Factor, *, former: State | None, actor: Actor) -> State:
    """Make an unconfirmed device in the place of `former`; return what has to be remembered of it."""
    if not user.email_confirmed:
        raise EmailNotConfirmed
    with acting(actor):
        User.objects.lock(user.pk)
        if former:
            factor.discard(user, former)
        state = factor.begin_enrolment(user)
        record(
            audit.TWO_FACTOR_STARTED,
            actor=actor,
            subject=name_of(user),
            user=user,
            method=factor.slug,
        )
    return state


def cancel_enrolment(user: User, factor: Factor, state: State, *, actor: Actor) -> None:
    """Forget an unconfirmed device. Harmless when it is gone."""
    with acting(actor):
        if factor.discard(user, state):
            record(
                audit.TWO_FACTOR_CANCELLED,
                actor=actor,
                subject=name_of(user),
                user=user,
                method=factor.slug,
            )


def confirm_enrolment(
    user: User, factor: Factor, answer: str, state: State, *, session: SessionStore, actor: Actor
) -> Enrolment | None:
    """Confirm the device if the answer is right, in the place of the one that the user had (D3).

    Returns None for a wrong answer. The first device brings backup codes. Every other session ends (R22).
    Raises RateLimited, EnrolmentExpired, SessionEnded.
    """
    reservation = limits.reserve((factor.budget, name_of_account(user)))
    with transaction.atomic():
        user = hold(user, session)
        if not factor.is_pending(user, state):
            raise EnrolmentExpired
        replacing = factor.device_of(user) is not None
        device = factor.complete_enrolment(user, answer, state)
        if device is not None:
            limits.give_back(reservation)
            codes = [] if user.is_enrolled else switch_on(user)
            end_other_sessions(user, session, verified=True)
            event = audit.TWO_FACTOR_REPLACED if replacing else audit.TWO_FACTOR_ENABLED
            record(event, actor=actor, subject=name_of(user), user=user, method=factor.slug)
            mail = "two_factor_replaced" if replacing else "two_factor_enabled"
            notifications.notify(user, mail, actor=actor, method=str(factor.label))
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
    known_browser: bool = True,
) -> Device | None:
    """Consume a right answer and, in the same transaction, move the session on: logged in, or sudo.

    Returns None for a wrong answer. Raises RateLimited, and SessionEnded when the pending login or the
    session that asks was voided meanwhile.
    """
    reservation = limits.reserve((factor.budget, name_of_account(user)))
    with transaction.atomic():
        user = hold(user, session, row_too=purpose is Purpose.SUDO)
        device = factor.verify(user, answer, state)
        repeated = device is None and factor.is_repeat(user, answer, state)
        if device is not None or repeated:
            limits.give_back(reservation)
        if device is not None:
            if factor.is_backup:
                backup_codes.announce_use(user, actor=actor)
            if purpose is Purpose.LOGIN:
                session.complete_login(user)
                login.succeeded(user, actor=actor, method=factor.slug, known_browser=known_browser)
            else:
                session.prove(verified=True)
                record(
                    audit.SUDO_GRANTED,
                    actor=actor,
                    subject=name_of(user),
                    user=user,
                    method=factor.slug,
                )
    if device is None and not repeated:
        record_failure(user, factor, purpose.value, actor=actor)
    return device


def record_failure(user: User, factor: Factor, purpose: str, *, actor: Actor) -> None:
    """Record a wrong answer; behind a right password, tell the owner, once an hour."""
    with transaction.atomic():
        record(
            audit.TWO_FACTOR_FAILED,
            actor=actor,
            subject=name_of(user),
            user=user,
            method=factor.slug,
            purpose=purpose,
        )
    if purpose != Purpose.LOGIN.value:
        return
    try:
        limits.reserve((WRONG_CODE_MAILS, name_of_account(user)))
    except RateLimited:
        return
    with transaction.atomic():
        notifications.notify(user, "wrong_codes", actor=actor)


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
    is recorded. Raises TwoFactorNotEnabled, TwoFactorRemovalRefused, SessionEnded.
    """
    for attempt in range(ATTEMPTS_AT_LOCKING):
        try:
            return disable_once(user, actor=actor, session=session, reason=reason, forced=forced)
        except OwnershipChanged:
            if attempt + 1 == ATTEMPTS_AT_LOCKING:
                raise RuleViolation("Ownerships keep changing. Please try again.", "busy") from None
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
    user = hold(user, session, row_too=False)
    if signals.two_factor_removing.send(User, user=user, forced=forced, lock=False) != decided_upon:
        raise OwnershipChanged
    if not user.is_enrolled:
        raise TwoFactorNotEnabled
    for factor in factors.all_factors():
        factor.device_model._default_manager.filter(user=user).delete()
    user.two_factor_enabled_at = None
    user.save(update_fields=["two_factor_enabled_at"])
    end_other_sessions(user, session, verified=False)
    record(
        audit.TWO_FACTOR_DISABLED,
        actor=actor,
        subject=name_of(user),
        user=user,
        reason=reason,
        forced=forced,
    )
    by_the_user = session is not None
    mail = "two_factor_disabled" if by_the_user else "two_factor_removed_by_admin"
    notifications.notify(user, mail, actor=actor, reason=reason)
    signals.two_factor_changed.send(User, user=user, enabled=False)


def discard_stale_enrolments() -> int:
    """Remove unconfirmed devices that nobody can confirm any more; return how many."""
    return sum(factor.discard_stale() for factor in factors.all_factors())


def name_of_account(user: User) -> str:
    return f"user:{user.pk}"
