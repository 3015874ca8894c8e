"""Deactivate and reactivate other users' accounts, change their rights, set their passwords.

The rights of the admin are checked on locked rows, because they may end at any moment. Each change has a
reason, is recorded, and is told to the user and to all superusers (D14).
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import limits, outbox, signals
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import AccountGone, RuleViolation, said_to_others
from accounts.limits import Budget, Told
from accounts.models import User
from accounts.sessions.locks import acting, ensure_still_acting
from accounts.users import deactivation, passwords, reasons
from accounts.users.deactivation import Decisions
from accounts.users.news import Change, tell_superusers
from accounts.users.rights import Rights, may_change_users, may_grant_rights

# Every change is mailed to all superusers: nobody must be able to bury the mail that matters.
CHANGES = Budget(
    "administration:changes",
    (60, 3600),
    (240, 86_400),
    told=Told(
        gettext_lazy("You have changed too many accounts."),
        gettext_lazy("Another administrator can go on at once, and so can commands on the server."),
    ),
)


class NotYours(RuleViolation):
    """The admin has no right to change this account, or this is their own."""

    code = "not-yours-to-change"


class LastSuperuser(RuleViolation):
    """Without an active superuser nobody could change rights on the admin site any more."""

    code = "last-superuser"
    message = gettext_lazy("This is the only active superuser of the site. Make somebody else one first.")


class RightsChanged(RuleViolation):
    """The rights are not those any more that the admin was shown; `present` has those of now."""

    code = "rights-changed"
    message = gettext_lazy(
        "These rights have changed since you opened the page. The form shows them as they are now: change "
        "them if you still want to."
    )

    def __init__(self, present: Rights) -> None:
        super().__init__()
        self.present = present


@said_to_others()
def deactivate(user: User, *, reason: str, actor: Actor, decisions: Decisions = MappingProxyType({})) -> bool:
    """Deactivate an account and end its sessions. Return False if it was deactivated already.

    `decisions` say what becomes of what the person holds (accounts/users/deactivation.py); without them it is
    kept. Raises NotYours, LastSuperuser, ReasonMissing, ReasonTooLong, RateLimited, AccountGone,
    SessionEnded, and what those who carry out the decisions raise.
    """
    reason = begin_change(reason, actor=actor)
    with acting(actor, always=True):
        before = deactivation.lock_before_users(user, decisions)
        others = deactivation.people_in(before)
        locked = lock_for_admin(user, actor=actor, with_superusers=True, others=others)
        if not locked.is_active:
            return False
        ensure_a_superuser_remains(locked)
        locked.is_active = False
        locked.rotate_stamp()
        locked.save(update_fields=["is_active", "security_stamp"])
        record(Event.ACCOUNT_DEACTIVATED, actor=actor, subject=subject_of(locked), user=locked, reason=reason)
        outbox.notify(locked, "account_deactivated", actor=actor, reason=reason)
        settled = deactivation.settle(locked, decisions, before, actor=actor)
        tell_superusers(locked, Change.DEACTIVATED, actor=actor, reason=reason, warnings=settled)
        signals.account_standing_changed.send(User, user=locked, active=False, actor=actor)
    return True


@said_to_others()
def reactivate(user: User, *, reason: str, actor: Actor) -> bool:
    """Activate an account again. Return False if it was active already.

    Raises NotYours, ReasonMissing, ReasonTooLong, RateLimited, AccountGone, SessionEnded, and what receivers
    of `account_standing_changed` veto with.
    """
    reason = begin_change(reason, actor=actor)
    with acting(actor):
        locked = lock_for_admin(user, actor=actor)
        if locked.is_active:
            return False
        locked.is_active = True
        locked.rotate_stamp()  # even if a script deactivated the account, its sessions stay closed
        locked.save(update_fields=["is_active", "security_stamp"])
        record(Event.ACCOUNT_REACTIVATED, actor=actor, subject=subject_of(locked), user=locked, reason=reason)
        outbox.notify(locked, "account_reactivated", actor=actor, reason=reason)
        tell_superusers(locked, Change.REACTIVATED, actor=actor, reason=reason)
        signals.account_standing_changed.send(User, user=locked, active=True, actor=actor)
    return True


@said_to_others()
def change_rights(
    user: User, *, rights: Rights, reason: str, actor: Actor, shown: Rights | None = None
) -> bool:
    """Set a user's rights on this site. Only superusers can. Return False if they had exactly these.

    `shown` are the rights that the admin saw and decided on: an old page gives back nothing that somebody has
    taken since. Raises RightsChanged, NotYours, LastSuperuser, ReasonMissing, ReasonTooLong, RateLimited,
    AccountGone, SessionEnded.
    """
    reason = begin_change(reason, actor=actor)
    with acting(actor):
        locked = lock_for_admin(user, actor=actor, granting=True, with_superusers=True)
        former = Rights.of(locked)
        if former == rights:
            return False
        if shown is not None and shown != former:
            raise RightsChanged(former)
        if not rights.superuser:
            ensure_a_superuser_remains(locked)
        rights.store(locked)
        record(
            Event.RIGHTS_CHANGED,
            actor=actor,
            subject=subject_of(locked),
            user=locked,
            reason=reason,
            old=former.as_data(),
            new=rights.as_data(),
        )
        words: dict[str, Any] = {"rights": rights.in_words(), "former_rights": former.in_words()}
        outbox.notify(locked, "rights_changed", actor=actor, reason=reason, **words)
        tell_superusers(locked, Change.RIGHTS_CHANGED, actor=actor, reason=reason, **words)
    return True


@said_to_others()
def set_password(user: User, new: str, *, actor: Actor) -> None:
    """Set a password on the server: for somebody who gets no mail. All their sessions end.

    Raises WeakPassword, AccountGone.
    """
    passwords.ensure_acceptable(new, user)
    hashed = passwords.hashed(new)
    with transaction.atomic():
        locked = User.objects.lock(user.pk)
        passwords.store(locked, hashed)
        record(Event.PASSWORD_CHANGED, actor=actor, subject=subject_of(locked), user=locked)
        outbox.notify(locked, "password_changed", actor=actor)
        tell_superusers(locked, Change.PASSWORD_SET, actor=actor, reason="")


def begin_change(reason: str, *, actor: Actor) -> str:
    """Return the reason in one line of visible characters, and count the change of an admin.

    Call it before the transaction. Raises ReasonMissing, ReasonTooLong, RateLimited.
    """
    reason = reasons.in_one_line(reason)
    if not reason:
        raise reasons.ReasonMissing
    if actor.user is not None:
        limits.reserve((CHANGES, actor.source))
    return reason


def lock_for_admin(
    user: User,
    *,
    actor: Actor,
    granting: bool = False,
    with_superusers: bool = False,
    others: Iterable[int] = (),
) -> User:
    """Return the current row of the account, with that of the admin, of `others` (ids) and, if asked, of all
    superusers locked.

    Call it after `lock_actor`. On the command line there is no admin: its users own the server.
    Raises NotYours, SessionEnded, AccountGone.
    """
    admin = actor.user
    wanted = Q(pk__in=[user.pk, *others, *([admin.pk] if admin else [])])
    if with_superusers:
        wanted |= Q(is_superuser=True, is_active=True)
    # Lock all in the order of ids: if two admins act on each other, one comes first.
    rows = User.objects.filter(wanted).order_by("pk").select_for_update(no_key=True)
    locked = {person.pk: person for person in rows}
    managed: User | None = locked.get(user.pk)
    if managed is None:
        raise AccountGone
    if admin is not None:
        manager = ensure_still_acting(locked.get(admin.pk), admin)
        check_may_manage(managed, manager, granting=granting)
    return managed


def check_may_manage(user: User, manager: User, *, granting: bool = False) -> None:
    """Raise NotYours unless the manager may change this account, or with `granting` its rights.

    Nobody changes their own account, or that of somebody who may do more. Otherwise staff could remove a
    superuser's protection, or the last admin could lock everybody out.
    """
    if granting and not may_grant_rights(manager):
        raise NotYours(_("Only a superuser can do that."))
    if not may_change_users(manager):
        raise NotYours(_("Only site admins with the right to change users can do that."))
    if manager.pk == user.pk:
        raise NotYours(_("You can't do that to your own account."))
    if user.is_superuser and not manager.is_superuser:
        raise NotYours(_("Only a superuser can do that to a superuser."))
    if Rights.of(user).exceed(Rights.of(manager)):
        raise NotYours(_("This person may do more on the admin site than you. Ask a superuser."))


def lock_with_superusers(user: User) -> User:
    """Return the current row of the user, locked with those of all superusers. Raises AccountGone.

    Of two superusers who leave at once, the second sees the first gone.
    """
    wanted = Q(pk=user.pk) | Q(is_superuser=True, is_active=True)
    rows = User.objects.filter(wanted).order_by("pk").select_for_update(no_key=True)
    locked: User | None = {person.pk: person for person in rows}.get(user.pk)
    if locked is None:
        raise AccountGone
    return locked


def ensure_a_superuser_remains(user: User) -> None:
    """Raise LastSuperuser if there is no other active superuser. Lock all superusers first."""
    if user.is_superuser and user.is_active and not User.objects.superusers().exclude(pk=user.pk).exists():
        raise LastSuperuser
