"""The verbs of site admins upon other people's accounts: open or closed, and which rights on this site."""

from django.utils.translation import gettext as _

from accounts import notifications, two_factor
from accounts.audit import Actor, name_of, record
from accounts.exceptions import RuleViolation
from accounts.models import User
from accounts.sessions import acting

DEACTIVATED = "account.deactivated"
REACTIVATED = "account.reactivated"
CHANGED = "account.rights_changed"


class NotYours(RuleViolation):
    """The account is your own, or has more rights than yours."""

    code = "not-yours-to-change"


def check_may_manage(user: User, *, actor: Actor) -> None:
    """Raise NotYours unless the actor may act upon this account: not the own one, no superuser's but as one.

    Otherwise staff could take over what guards a superuser, or the last admin shut everybody out.
    """
    if actor.user is None:  # the command line: whoever is there owns the server
        return
    if actor.user.pk == user.pk:
        raise NotYours(_("You can't do that to your own account."))
    if user.is_superuser and not actor.user.is_superuser:
        raise NotYours(_("Only a superuser can do that to a superuser."))


def remove_two_factor(user: User, *, reason: str, actor: Actor) -> None:
    """Remove, never read or set (R33). Refused for owners of organizations that require it."""
    check_may_manage(user, actor=actor)
    two_factor.disable(user, actor=actor, reason=reason)


def deactivate(user: User, *, reason: str, actor: Actor) -> None:
    """Close an account: nobody gets in, and who is in is out with the next request."""
    check_may_manage(user, actor=actor)
    with acting(actor):
        locked = User.objects.lock(user.pk)
        if not locked.is_active:
            return
        locked.is_active = False
        locked.rotate_stamp()
        locked.save(update_fields=["is_active", "security_stamp"])
        record(DEACTIVATED, actor=actor, subject=name_of(locked), user=locked, reason=reason)
        notifications.notify(locked, "account_deactivated", actor=actor, reason=reason)


def reactivate(user: User, *, reason: str, actor: Actor) -> None:
    check_may_manage(user, actor=actor)
    with acting(actor):
        locked = User.objects.lock(user.pk)
        if locked.is_active:
            return
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        record(REACTIVATED, actor=actor, subject=name_of(locked), user=locked, reason=reason)


def change_rights(user: User, *, is_staff: bool, is_superuser: bool, actor: Actor) -> None:
    """Make somebody a site admin, or end that. Only superusers can."""
    check_may_manage(user, actor=actor)
    if actor.user is not None and not actor.user.is_superuser:
        raise NotYours(_("Only a superuser can do that."))
    with acting(actor):
        locked = User.objects.lock(user.pk)
        if (locked.is_staff, locked.is_superuser) == (is_staff, is_superuser):
            return
        locked.is_staff, locked.is_superuser = is_staff, is_superuser
        locked.save(update_fields=["is_staff", "is_superuser"])
        rights = {"staff": is_staff, "superuser": is_superuser}
        record(CHANGED, actor=actor, subject=name_of(locked), user=locked, **rights)
