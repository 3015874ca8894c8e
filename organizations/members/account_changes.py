"""What the account of a member does to organizations: it is deleted, deactivated, activated again, or loses
its two-factor authentication. `accounts` sends signals; these are their receivers.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils import timezone

from accounts.audit import Actor
from accounts.models import User
from organizations.announcements import Change, tell
from organizations.events import Event, record
from organizations.exceptions import LastOwner, OwnershipChanged
from organizations.members.batches import halt_lists_of
from organizations.members.holdings import owned_alone
from organizations.members.left_behind import left_by
from organizations.members.memberships import share_of_gone
from organizations.models import Membership, Organization, OrganizationCounts, TwoFactorPeriod


def leave_everything(
    sender: type[User], *, user: User, actor: Actor, lock: Callable[[], User], **kwargs: Any
) -> None:
    """Delete all memberships of a user whose account is being deleted; record it, and tell the owners.

    Raises LastOwner, OwnershipChanged.
    """
    owned = Organization.objects.owned_by(user).order_by("pk")
    locked = {o.pk for o in owned.select_for_update(no_key=True, of=("self",))}
    if names := last_owned(user):
        raise LastOwner(*names)
    user = lock()
    mine = Membership.objects.filter(user=user).select_related("organization").order_by("pk")
    rows = list(mine.select_for_update(no_key=True, of=("self",)))
    if any(row.is_owner and row.organization_id not in locked for row in rows):
        raise OwnershipChanged
    TwoFactorPeriod.objects.close(user.pk, [row.organization_id for row in rows], timezone.now())
    for row in rows:
        if row.is_owner:
            halt_lists_of(row.organization, [user.pk], actor=actor)
    Membership.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        if not row.is_invited:
            record(Event.MEMBER_LEFT, row.organization, actor=actor, user=user, account="deleted")
            tell_of_account(row, user, Change.ACCOUNT_DELETED, actor=actor)
    for row in sorted(rows, key=lambda row: row.organization_id):
        OrganizationCounts.objects.add([row.organization_id], **share_of_gone(row))


def last_owned(user: User, among: Iterable[str] | None = None) -> list[str]:
    """Return the names of organizations, or of those `among` these, whose only active owner this user is."""
    owned = owned_alone(user)
    if among is not None:
        owned = owned.filter(name__in=among)
    return list(owned.order_by("name").values_list("name", flat=True))


def tell_of_activation(sender: type[User], *, user: User, active: bool, actor: Actor, **kwargs: Any) -> None:
    """Tell owners that the account of one of them was activated again. Locks nothing.

    Of a deactivation they hear in organizations/members/deactivation.py, with what became of the rest.
    """
    if not active:
        return
    for row in Membership.objects.owners().filter(user=user).select_related("organization"):
        tell_of_account(row, user, Change.REACTIVATED, actor=actor)


def tell_of_two_factor(
    sender: type[User], *, user: User, enabled: bool, actor: Actor | None = None, **kwargs: Any
) -> None:
    """Tell owners that somebody else removed the two-factor authentication of one of them. Locks nothing."""
    if enabled or actor is None or (actor.user is not None and actor.user.pk == user.pk):
        return
    for row in Membership.objects.owners().filter(user=user).select_related("organization"):
        tell(row.organization, Change.TWO_FACTOR_REMOVED, [user], actor=actor)


def tell_of_account(membership: Membership, user: User, change: Change, *, actor: Actor) -> None:
    organization = membership.organization
    left = left_by(organization, [user.pk])
    tell(organization, change, [user], actor=actor, were_owners=membership.is_owner, left=left)
