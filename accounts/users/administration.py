"""Deactivate and reactivate other users' accounts, and change their rights on this site.

The rights of the admin are checked on locked rows, because they may end at any moment.
"""

from django.utils.translation import gettext as _

from accounts import outbox, signals
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import AccountGone, RuleViolation, SessionEnded
from accounts.models import User
from accounts.sessions.locks import acting


def deactivate(user: User, *, reason: str, actor: Actor) -> None:
    """Deactivate an account and end its sessions. Raises NotYours, AccountGone, SessionEnded."""
    with acting(actor):
        locked, _manager = lock_for_admin(user, actor=actor)
        if not locked.is_active:
            return
        locked.is_active = False
        locked.rotate_stamp()
        locked.save(update_fields=["is_active", "security_stamp"])
        record(Event.ACCOUNT_DEACTIVATED, actor=actor, subject=subject_of(locked), user=locked, reason=reason)
        outbox.notify(locked, "account_deactivated", actor=actor, reason=reason)
        signals.account_standing_changed.send(User, user=locked, active=False, actor=actor)


def reactivate(user: User, *, reason: str, actor: Actor) -> None:
    """Activate an account again. Raises NotYours, AccountGone, SessionEnded."""
    with acting(actor):
        locked, _manager = lock_for_admin(user, actor=actor)
        if locked.is_active:
            return
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        record(Event.ACCOUNT_REACTIVATED, actor=actor, subject=subject_of(locked), user=locked, reason=reason)
        signals.account_standing_changed.send(User, user=locked, active=True, actor=actor)


def change_rights(user: User, *, is_staff: bool, is_superuser: bool, actor: Actor) -> None:
    """Set a user's rights on this site. Only superusers can. Raises NotYours, AccountGone, SessionEnded."""
    with acting(actor):
        locked, manager = lock_for_admin(user, actor=actor)
        if manager is not None and not manager.is_superuser:
            raise NotYours(_("Only a superuser can do that."))
        if (locked.is_staff, locked.is_superuser) == (is_staff, is_superuser):
            return
        locked.is_staff, locked.is_superuser = is_staff, is_superuser
        locked.save(update_fields=["is_staff", "is_superuser"])
        rights = {"staff": is_staff, "superuser": is_superuser}
        record(Event.RIGHTS_CHANGED, actor=actor, subject=subject_of(locked), user=locked, **rights)


class NotYours(RuleViolation):
    """The admin has no right to change this account, or this is their own."""

    code = "not-yours-to-change"


def lock_for_admin(user: User, *, actor: Actor) -> tuple[User, User | None]:
    """Return the current rows of the account and of the admin, both locked.

    Call it after `lock_actor`. The admin is None on the command line, whose users own the server.
    Raises NotYours, SessionEnded, AccountGone.
    """
    if actor.user is None:
        return User.objects.lock(user.pk), None
    # Lock both in the order of ids: if two admins act on each other, one comes first.
    people = User.objects.filter(pk__in=[user.pk, actor.user.pk]).order_by("pk")
    locked = {person.pk: person for person in people.select_for_update(no_key=True)}
    managed, manager = locked.get(user.pk), locked.get(actor.user.pk)
    if managed is None:
        raise AccountGone
    if manager is None or not manager.is_active or manager.security_stamp != actor.user.security_stamp:
        raise SessionEnded
    check_may_manage(managed, manager)
    return managed, manager


def check_may_manage(user: User, manager: User) -> None:
    """Raise NotYours unless the manager is staff, not the user themselves, and has no fewer rights.

    Otherwise staff could remove a superuser's protection, or the last admin could lock everybody out.
    """
    if not manager.is_staff:
        raise NotYours(_("Only site admins can do that."))
    if manager.pk == user.pk:
        raise NotYours(_("You can't do that to your own account."))
    if user.is_superuser and not manager.is_superuser:
        raise NotYours(_("Only a superuser can do that to a superuser."))
