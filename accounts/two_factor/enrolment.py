"""Begin, confirm and cancel an enrolment.

Confirming locks, checks the budget, consumes the answer, renews the session and records the event in one
transaction. A wrong answer raises nothing: that would roll back its event.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from accounts import factors, limits, outbox, signals
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import EmailNotConfirmed, EnrolmentExpired
from accounts.factors.base import Device, Factor, State
from accounts.factors.challenges import record_failure
from accounts.limits import guesses
from accounts.models import ApiToken, Level, User
from accounts.sessions.ending import end_other_sessions
from accounts.sessions.locks import acting, counted, lock_user
from accounts.sessions.store import SessionStore
from accounts.two_factor import backup_codes, fresh_codes


def begin_enrolment(
    user: User, factor: Factor, *, former: State | None, actor: Actor, **details: Any
) -> State:
    """Create an unconfirmed device that replaces `former`; return the state that the session must keep.

    Sends nothing: `challenge` does. Raises EmailNotConfirmed, MethodPaused, AccountGone, SessionEnded.
    """
    if not user.email_confirmed:
        raise EmailNotConfirmed
    with acting(actor):
        User.objects.lock(user.pk)
        if former:
            factor.discard(user, former)
        state = factor.begin_enrolment(user, **details)
        record(
            Event.TWO_FACTOR_STARTED,
            actor=actor,
            subject=subject_of(user),
            user=user,
            method=factor.slug,
        )
    return state


@dataclass(frozen=True)
class Enrolment:
    """A confirmed device, and the backup codes that were issued if it was the first."""

    device: Device
    codes: list[str] = field(default_factory=list)


def confirm_enrolment(
    user: User,
    factor: Factor,
    answer: str,
    state: State,
    *,
    session: SessionStore,
    actor: Actor,
    next_path: str = "",
) -> Enrolment | None:
    """Confirm the device if the answer is right; it replaces the user's former device of this factor (D3).

    Returns None for a wrong answer. The first device comes with backup codes, which `session` may show (D46);
    the page that does leads to `next_path`. Every other session ends (R22).
    Raises RateLimited, EnrolmentExpired, DecryptionFailed, SessionEnded.
    """
    claims = guesses.for_code(user, factor.guesses, actor.browser)
    with limits.guess(*claims) as guess, counted(actor):
        user = lock_user(user, session)
        guess.admit()
        if not factor.is_pending(user, state):
            raise EnrolmentExpired
        replacing = factor.device_of(user) is not None
        device = factor.complete_enrolment(user, answer, state)
        if device is not None:
            is_raised = factor.level > user.level
            codes = [] if user.is_enrolled else switch_on(user, factor.level)
            if is_raised and not codes:
                user.two_factor_level = factor.level
                user.save(update_fields=["two_factor_level"])
            end_other_sessions(user, session, factor=factor.slug)
            if codes:
                fresh_codes.note(session, user, first=True, next_path=next_path)
            event, mail = news_of(replacing=replacing, first=bool(codes))
            record(event, actor=actor, subject=subject_of(user), user=user, method=factor.slug)
            outbox.notify(user, mail, actor=actor, method=str(factor.label))
            if is_raised:
                # Last: receivers update counts, which stay locked until this transaction ends.
                signals.two_factor_changed.send(User, user=user, enabled=True)
            return Enrolment(device, codes)
        guess.count()
        record_failure(user, factor, "enrolment", actor=actor)
    return None


def news_of(*, replacing: bool, first: bool) -> tuple[Event, str]:
    """Return the event of a confirmed device, and the name of its mail."""
    if replacing:
        return Event.TWO_FACTOR_REPLACED, "two_factor_replaced"
    if first:
        return Event.TWO_FACTOR_ENABLED, "two_factor_enabled"
    return Event.TWO_FACTOR_ADDED, "two_factor_added"


def switch_on(user: User, level: Level) -> list[str]:
    """Enable two-factor for the user, with a first device of this level; return the new backup codes."""
    now = timezone.now()
    # Tokens from before don't count as made behind it: the times say so, unless the clock was ahead (D43).
    ApiToken.objects.filter(owner=user, verified=True, created_at__gte=now).update(verified=False)
    user.two_factor_enabled_at = now
    user.two_factor_level = level
    user.two_factor_forced_off_at = None
    user.save(update_fields=["two_factor_enabled_at", "two_factor_level", "two_factor_forced_off_at"])
    return backup_codes.issue(user)


def cancel_enrolment(user: User, factor: Factor, state: State, *, actor: Actor) -> bool:
    """Delete an unconfirmed device; return whether it still existed. Raises SessionEnded."""
    with acting(actor, always=True):
        existed = factor.discard(user, state)
        if existed:
            record(
                Event.TWO_FACTOR_CANCELLED,
                actor=actor,
                subject=subject_of(user),
                user=user,
                method=factor.slug,
            )
    return existed


def discard_stale_enrolments() -> int:
    """Delete unconfirmed devices that nobody can confirm any more; return how many."""
    return sum(factor.discard_stale() for factor in factors.all_factors())
