"""The verbs of site admins upon other people's accounts: open or closed, and which rights on this site."""

from django.utils.translation import gettext as _

from accounts import outbox, two_factor
from accounts.audit import Actor, name_of, record
from accounts.audit.events import CHANGED, DEACTIVATED, REACTIVATED
from accounts.authority import NotYours, lock_managed
from accounts.models import User
from accounts.sessions.locks import acting


def remove_two_factor(user: User, *, reason: str, actor: Actor) -> None:
    """Remove, never read or set (R33). Refused for owners of organizations that require it.

    Raises NotYours, TwoFactorNotEnabled, TwoFactorRemovalRefused.
    """
    two_factor.disable(user, actor=actor, reason=reason)


def deactivate(user: User, *, reason: str, actor: Actor) -> None:
    """Close an account: nobody gets in, and who is in is out with the next request. Raises NotYours."""
    with acting(actor):
        locked, _manager = lock_managed(user, actor=actor)
        if not locked.is_active:
            return
        locked.is_active = False
        locked.rotate_stamp()
        locked.save(update_fields=["is_active", "security_stamp"])
        record(DEACTIVATED, actor=actor, subject=name_of(locked), user=locked, reason=reason)
        outbox.notify(locked, "account_deactivated", actor=actor, reason=reason)


def reactivate(user: User, *, reason: str, actor: Actor) -> None:
    """Open an account again. Raises NotYours."""
    with acting(actor):
        locked, _manager = lock_managed(user, actor=actor)
        if locked.is_active:
            return
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        record(REACTIVATED, actor=actor, subject=name_of(locked), user=locked, reason=reason)


def change_rights(user: User, *, is_staff: bool, is_superuser: bool, actor: Actor) -> None:
    """Make somebody a site admin, or end that. Only superusers can. Raises NotYours."""
    with acting(actor):
        locked, manager = lock_managed(user, actor=actor)
        if manager is not None and not manager.is_superuser:
            raise NotYours(_("Only a superuser can do that."))
        if (locked.is_staff, locked.is_superuser) == (is_staff, is_superuser):
            return
        locked.is_staff, locked.is_superuser = is_staff, is_superuser
        locked.save(update_fields=["is_staff", "is_superuser"])
        rights = {"staff": is_staff, "superuser": is_superuser}
        record(CHANGED, actor=actor, subject=name_of(locked), user=locked, **rights)
