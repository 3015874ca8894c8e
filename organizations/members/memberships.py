"""Make members owners, make owners plain members, and remove members."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.audit import Actor
from accounts.models import User
from accounts.sessions.locks import acting
from organizations.access.rights import (
    check_right,
    lock_member,
    lock_membership,
    lock_memberships,
    lock_organization,
    lock_with_right,
)
from organizations.events import Event, record
from organizations.exceptions import BecameOwner, LastOwner, MembershipGone, NotAMember, OwnershipChanged
from organizations.models import Membership, Organization, OrganizationCounts, Right
from organizations.policy.two_factor import check_new_owner


def make_owner(organization: Organization, membership_id: int, *, actor: Actor) -> Membership:
    """Make a member an owner; return the membership. Raises as `make_owners` does."""
    return make_owners(organization, [membership_id], actor=actor)[0]


def make_owners(
    organization: Organization, membership_ids: Iterable[int], *, actor: Actor
) -> list[Membership]:
    """Make members owners: all of them, or none if one can't be. Return their memberships.

    Raises NotAMember for an invitation, NewOwnerNotEnrolled, MembershipGone.
    """
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.OWNERS)
        rows = lock_memberships(organization, membership_ids)
        for membership, user in rows:
            if membership.is_invited or user is None:
                raise NotAMember
            if not membership.is_owner:
                check_new_owner(organization, user)
                membership.is_owner = True
                membership.save(update_fields=["is_owner"])
                record(Event.OWNER_ADDED, organization, actor=actor, user=user)
    return [membership for membership, _user in rows]


def unmake_owner(organization: Organization, membership_id: int, *, actor: Actor) -> Membership:
    """Make an owner a plain member; return the membership. Raises as `unmake_owners` does."""
    return unmake_owners(organization, [membership_id], actor=actor)[0]


def unmake_owners(
    organization: Organization, membership_ids: Iterable[int], *, actor: Actor
) -> list[Membership]:
    """Make owners plain members: all, or none if no active owner would be left. Return the memberships.

    Raises LastOwner, MembershipGone.
    """
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.OWNERS)
        rows = lock_memberships(organization, membership_ids)
        owners = [(membership, user) for membership, user in rows if membership.is_owner]
        if owners:
            check_other_owner(organization, *(membership for membership, _user in owners))
        for membership, user in owners:
            membership.is_owner = False
            membership.save(update_fields=["is_owner"])
            record(Event.OWNER_REMOVED, organization, actor=actor, user=user)
    return [membership for membership, _user in rows]


def remove_owner(organization: Organization, membership_id: int, *, actor: Actor) -> Membership:
    """Like `remove`, but also removes an owner. The caller must have sudo (D6)."""
    return remove(organization, membership_id, actor=actor, owner_too=True)


def remove(
    organization: Organization, membership_id: int, *, actor: Actor, owner_too: bool = False
) -> Membership:
    """Remove a member or revoke an invitation; return the membership. Access ends with the next request.

    Removing an owner takes Right.OWNERS. Raises BecameOwner for an owner unless `owner_too`, LastOwner,
    MembershipGone.
    """
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.MEMBERS)
        membership, user = lock_membership(organization, membership_id)
        if membership.is_owner:
            check_right(organization, actor, Right.OWNERS)
            if not owner_too:
                raise BecameOwner(name=membership.username)
        event = Event.INVITATION_REVOKED if membership.is_invited else Event.MEMBER_REMOVED
        end(organization, membership, user, event, actor=actor)
    return membership


def leave(organization: Organization, *, user: User, actor: Actor) -> None:
    """Leave an organization, even when locked out. Raises LastOwner, MembershipGone."""
    with acting(actor):
        organization = lock_organization(organization)
        user = lock_member(user.pk)
        membership = organization.memberships.active().filter(user=user).first()
        if membership is None:
            raise MembershipGone
        end(organization, membership, user, Event.MEMBER_LEFT, actor=actor)


def end(
    organization: Organization,
    membership: Membership,
    user: User | None,
    event: Event,
    *,
    actor: Actor,
) -> None:
    """Delete one membership or invitation. The caller holds the locks."""
    if membership.is_owner:
        check_other_owner(organization, membership)
    Membership.objects.filter(pk=membership.pk).delete()
    record(event, organization, actor=actor, user=user, email=membership.email)
    OrganizationCounts.objects.add([organization.pk], **share_of(membership))


def share_of(membership: Membership) -> dict[str, int]:
    """Return how the counts change when this membership is deleted."""
    if membership.is_invited:
        return {"invited": -1}
    return {"members": -1, "members_without_two_factor": 0 if membership.two_factor_enabled else -1}


def check_other_owner(organization: Organization, *going: Membership) -> None:
    """Raise LastOwner unless another owner is active. The caller holds the organization's lock."""
    others = organization.memberships.owners().exclude(pk__in=[membership.pk for membership in going])
    if not others.filter(user__is_active=True).exists():
        raise LastOwner(organization.name)


def leave_everything(sender: type[User], *, user: User, **kwargs: Any) -> None:
    """Delete all memberships of a user whose account is being deleted. Raises LastOwner, OwnershipChanged."""
    owned = Organization.objects.owned_by(user).order_by("pk")
    locked = {o.pk for o in owned.select_for_update(no_key=True, of=("self",))}
    if names := last_owned(user):
        raise LastOwner(*names)
    user = lock_member(user.pk)
    rows = list(Membership.objects.filter(user=user).order_by("pk").select_for_update(no_key=True))
    if any(row.is_owner and row.organization_id not in locked for row in rows):
        raise OwnershipChanged
    Membership.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in sorted(rows, key=lambda row: row.organization_id):
        OrganizationCounts.objects.add([row.organization_id], **share_of(row))


def last_owned(user: User) -> list[str]:
    """Return the names of organizations in which this user is the only active owner."""
    others = Membership.objects.owners().filter(organization=OuterRef("pk"), user__is_active=True)
    owned = Organization.objects.owned_by(user).exclude(Exists(others.exclude(user=user)))
    return list(owned.order_by("name").values_list("name", flat=True))
