"""Remove one method, or disable two-factor authentication."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.utils import timezone

from accounts import factors, outbox, signals
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import Busy, LastMethod, TwoFactorNotEnabled, TwoFactorRemovalRefused, said_to_others
from accounts.factors.base import Factor
from accounts.factors.levels import level_of
from accounts.models import Level, User
from accounts.sessions.ending import end_other_sessions
from accounts.sessions.locks import counted, lock_actor, lock_user
from accounts.sessions.store import SessionStore
from accounts.users.administration import begin_change, lock_for_admin
from accounts.users.news import Change, tell_superusers

ATTEMPTS_AT_LOCKING = 5


class StartOver(Exception):
    """The data on which a removal was decided has changed while it waited for its locks."""


def remove(user: User, factor: Factor, *, session: SessionStore, actor: Actor) -> None:
    """Remove one of several primary devices; only `disable` removes the last one. Backup codes stay valid.

    Refused for an owner of an organization that accepts none of the methods that are left.

    Raises LastMethod if no other working device would be left, TwoFactorNotEnabled, TwoFactorRemovalRefused,
    Busy, SessionEnded.
    """
    until_settled(lambda: remove_once(user, factor, session=session, actor=actor))


def remove_once(user: User, factor: Factor, *, session: SessionStore, actor: Actor) -> None:
    with counted(actor, always=True):
        session.lock()
        level = level_of(factors.methods_of(user), without=factor.slug)
        decided_upon = ask_others(user, level, lock=True, actor=actor)
        user = lock_user(user, session, row_too=False)
        methods = factors.methods_of(user)
        if factor.slug not in methods.states:
            raise TwoFactorNotEnabled
        if not any(other != factor for other in methods.working):
            raise LastMethod
        if level_of(methods, without=factor.slug) != level:
            raise StartOver
        if ask_others(user, level, lock=False, actor=actor) != decided_upon:
            raise StartOver
        factor.devices(user, confirmed=True).delete()
        is_lowered = level != user.level
        user.two_factor_level = level
        user.save(update_fields=["two_factor_level"])
        end_other_sessions(user, session)
        record(Event.TWO_FACTOR_REMOVED, actor=actor, subject=subject_of(user), user=user, method=factor.slug)
        outbox.notify(user, "two_factor_method_removed", actor=actor, method=str(factor.label))
        if is_lowered:
            signals.two_factor_changed.send(User, user=user, enabled=True, actor=actor)


def until_settled(removing: Callable[[], None]) -> None:
    """Remove something, from the beginning each time that its grounds have changed meanwhile. Raises Busy."""
    for _attempt in range(ATTEMPTS_AT_LOCKING):
        try:
            return removing()
        except StartOver:
            continue
    raise Busy


def ask_others(
    user: User, level: Level, *, forced: bool = False, lock: bool, actor: Actor | None = None
) -> list[Any]:
    """Ask receivers whether the user may be left with no more than this level.

    Raises TwoFactorRemovalRefused.
    """
    answers: list[Any] = signals.two_factor_removing.send(
        User, user=user, level=level, forced=forced, lock=lock, actor=actor
    )
    return answers


def disable(
    user: User,
    *,
    actor: Actor,
    session: SessionStore | None = None,
    reason: str = "",
    forced: bool = False,
) -> None:
    """Remove every device and the backup codes in one transaction; end every other session (R31).

    Refused for an owner of an organization that requires two-factor, except with `forced` (break-glass),
    which is recorded. Without `session`, an administrator does it to another user, with a reason, and all
    superusers are told. Raises TwoFactorNotEnabled, TwoFactorRemovalRefused, NotYours, ReasonMissing,
    ReasonTooLong, RateLimited, Busy, AccountGone, SessionEnded.
    """
    with nullcontext() if session else said_to_others():
        if session is None:
            reason = begin_change(reason, actor=actor)
        until_settled(lambda: disable_once(user, actor=actor, session=session, reason=reason, forced=forced))


def why_refused_to_admins(user: User) -> list[str]:
    """Return why an administrator can't disable it for this user, if that is so. Locks nothing."""
    try:
        ask_others(user, Level.NONE, lock=False)
    except TwoFactorRemovalRefused as error:
        return [str(error.to_others)]
    return []


def disable_once(
    user: User, *, actor: Actor, session: SessionStore | None, reason: str, forced: bool
) -> None:
    with counted(actor, always=True):
        if session:
            session.lock()
        else:
            lock_actor(actor)
        decided_upon = ask_others(user, Level.NONE, forced=forced, lock=True, actor=actor)
        user = lock_user(user, session, row_too=False) if session else lock_for_admin(user, actor=actor)
        if ask_others(user, Level.NONE, forced=forced, lock=False, actor=actor) != decided_upon:
            raise StartOver
        if not user.is_enrolled:
            raise TwoFactorNotEnabled
        for factor in factors.all_factors():
            factor.device_model._default_manager.filter(user=user).delete()
        user.two_factor_enabled_at = None
        user.two_factor_level = Level.NONE
        user.two_factor_forced_off_at = timezone.now() if forced else None
        user.save(update_fields=["two_factor_enabled_at", "two_factor_level", "two_factor_forced_off_at"])
        end_other_sessions(user, session, factor="")
        record(
            Event.TWO_FACTOR_DISABLED,
            actor=actor,
            subject=subject_of(user),
            user=user,
            reason=reason,
            forced=forced,
        )
        if session is not None:
            outbox.notify(user, "two_factor_disabled", actor=actor)
        else:
            outbox.notify(user, "two_factor_removed_by_admin", actor=actor, reason=reason)
            tell_superusers(user, Change.TWO_FACTOR_REMOVED, actor=actor, reason=reason, forced=forced)
        signals.two_factor_changed.send(User, user=user, enabled=False, actor=actor)
