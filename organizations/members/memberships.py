"""Make members owners, make owners plain members, and remove members."""

from collections.abc import Iterable

from django.utils import timezone

from accounts.audit import Actor
from accounts.models import User
from accounts.sessions.locks import acting
from organizations import news
from organizations.access.rights import (
    check_right,
    check_user_token,
    lock_memberships,
    lock_organization,
    lock_with_right,
)
from organizations.announcements import Change, tell
from organizations.events import Event, record
from organizations.exceptions import BecameOwner, LastOwner, MembershipGone
from organizations.members.batches import halt_lists_of
from organizations.members.left_behind import (
    KEEP_ALL,
    Choices,
    Going,
    hand_over,
    left_by,
    lock_going,
    revoke,
    settle,
)
from organizations.members.succession import promote
from organizations.models import (
    Membership,
    Organization,
    OrganizationCounts,
    Right,
    TwoFactorPeriod,
    share_of,
)
from organizations.policy.former_limits import end_with_membership


def make_owner(organization: Organization, membership_id: int, *, actor: Actor) -> Membership:
    """Make a member an owner; return the membership. Raises as `make_owners` does."""
    return make_owners(organization, [membership_id], actor=actor)[0]


def make_owners(
    organization: Organization, membership_ids: Iterable[int], *, actor: Actor
) -> list[Membership]:
    """Make members owners: all of them, or none if one can't be. Return their memberships.

    Raises NotAMember for an invitation, AccountDeactivated, NewOwnerNotEnrolled, MembershipGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    made = []
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.OWNERS)
        rows = lock_memberships(organization, membership_ids)
        for membership, user in rows:
            if promote(organization, membership, user, actor=actor) and user is not None:
                made.append(user)
        if made:
            tell(organization, Change.MADE, made, actor=actor)
    return [membership for membership, _user in rows]


def unmake_owner(
    organization: Organization, membership_id: int, *, actor: Actor, choices: Choices = KEEP_ALL
) -> Membership:
    """Make an owner a plain member, and settle what they leave behind; return the membership.

    Raises LastOwner, MembershipGone, NotShown, RateLimited, and what a successor is refused for.
    """
    reserve_for(organization, choices, actor)
    with acting(actor, always=True):
        organization = lock_with_right(organization, actor, Right.OWNERS)
        going = lock_going(organization, membership_id, choices)
        membership, user = going.membership, going.user
        was_owner = membership.is_owner
        hand_over(organization, going, actor=actor)
        if was_owner:
            check_other_owner(organization, membership)
        left = settle(organization, going, choices, actor=actor)
        if was_owner:
            demote(organization, membership, user, actor=actor)
        if user is not None and (was_owner or left.ended):
            change = Change.UNMADE if was_owner else Change.UNCHANGED
            tell(organization, change, [user], actor=actor, were_owners=was_owner, left=left)
        OrganizationCounts.objects.add([organization.pk], invited=-len(going.invitations))
    return membership


def demote(organization: Organization, membership: Membership, user: User | None, *, actor: Actor) -> None:
    halt_lists_of(organization, [membership.user_id], actor=actor)
    membership.is_owner = False
    membership.save(update_fields=["is_owner"])
    record(Event.OWNER_REMOVED, organization, actor=actor, user=user)


def unmake_owners(
    organization: Organization, membership_ids: Iterable[int], *, actor: Actor
) -> list[Membership]:
    """Make owners plain members: all, or none if no active owner would be left. Return the memberships.

    What they leave behind is kept, and told. Raises LastOwner, MembershipGone.
    """
    with acting(actor, always=True):
        organization = lock_with_right(organization, actor, Right.OWNERS)
        rows = lock_memberships(organization, membership_ids)
        owners = [(membership, user) for membership, user in rows if membership.is_owner]
        if owners:
            check_other_owner(organization, *(membership for membership, _user in owners))
        for membership, user in owners:
            demote(organization, membership, user, actor=actor)
        if people := [user for _membership, user in owners if user]:
            left = left_by(organization, [user.pk for user in people])
            tell(organization, Change.UNMADE, people, actor=actor, left=left)
    return [membership for membership, _user in rows]


def remove_owner(
    organization: Organization, membership_id: int, *, actor: Actor, choices: Choices = KEEP_ALL
) -> Membership:
    """Like `remove`, but also removes an owner. The caller must have sudo (D6)."""
    return remove(organization, membership_id, actor=actor, owner_too=True, choices=choices)


def remove(
    organization: Organization,
    membership_id: int,
    *,
    actor: Actor,
    owner_too: bool = False,
    choices: Choices = KEEP_ALL,
) -> Membership:
    """Remove a member or revoke an invitation; return the membership. Access ends with the next request.

    `choices` says what becomes of what a member leaves behind. Removing an owner takes Right.OWNERS. Raises
    BecameOwner for an owner unless `owner_too`, LastOwner, MembershipGone, NotShown, RateLimited, and what a
    successor is refused for.
    """
    reserve_for(organization, choices, actor)
    with acting(actor, always=True):
        organization = lock_with_right(organization, actor, Right.MEMBERS)
        going = lock_going(organization, membership_id, choices)
        membership = going.membership
        if membership.is_owner:
            check_right(organization, actor, Right.OWNERS)
            if not owner_too:
                raise BecameOwner(name=membership.username)
        hand_over(organization, going, actor=actor)
        event = Event.INVITATION_REVOKED if membership.is_invited else Event.MEMBER_REMOVED
        end(organization, going, event, actor=actor, choices=choices)
    return membership


def leave(organization: Organization, *, user: User, actor: Actor, choices: Choices = KEEP_ALL) -> None:
    """Leave an organization, even when locked out. `choices` may name who becomes an owner in the same step.

    Raises LastOwner, MembershipGone, UserTokensRefused, RateLimited, and what a successor is refused for.
    """
    reserve_for(organization, choices, actor)
    with acting(actor, always=True):
        organization = lock_organization(organization)
        check_user_token(organization, actor.token)
        mine = organization.memberships.active().filter(user=user).first()
        if mine is None:
            raise MembershipGone
        going = lock_going(organization, mine.pk, choices)
        hand_over(organization, going, actor=actor)
        end(organization, going, Event.MEMBER_LEFT, actor=actor)


def reserve_for(organization: Organization, choices: Choices, actor: Actor) -> None:
    """Count a new owner, of whom all owners hear. Without one, no budget keeps anybody from going."""
    if choices.successor:
        news.reserve_broadcast(organization, actor)


CHANGES = {Event.MEMBER_REMOVED: Change.REMOVED, Event.MEMBER_LEFT: Change.LEFT}


def end(
    organization: Organization, going: Going, event: Event, *, actor: Actor, choices: Choices = KEEP_ALL
) -> None:
    """Delete one membership or invitation. The caller holds the locks."""
    membership, user = going.membership, going.user
    if membership.is_owner:
        check_other_owner(organization, membership)
        halt_lists_of(organization, [membership.user_id], actor=actor)
    left = settle(organization, going, choices, actor=actor)
    if user is not None and not membership.is_invited:
        end_with_membership(organization, [user.pk])
        TwoFactorPeriod.objects.close(user.pk, [organization.pk], timezone.now())
    Membership.objects.filter(pk=membership.pk).delete()
    record(event, organization, actor=actor, user=user, email=membership.email)
    gone = list(going.invitations)
    if user is not None and event in CHANGES:
        # Or they would be back by an invitation to their address, no matter who sent it.
        back = list(
            organization.memberships.invited().of_person(user).exclude(pk__in=[row.pk for row in gone])
        )
        # Leaving members withdraw their own invitations as members, not as owners.
        revoke(organization, back, actor=actor, **({"own": True} if event == Event.MEMBER_LEFT else {}))
        gone += back
        tell(organization, CHANGES[event], [user], actor=actor, were_owners=membership.is_owner, left=left)
    share = share_of_gone(membership)
    share["invited"] = share.get("invited", 0) - len(gone)
    OrganizationCounts.objects.add([organization.pk], **share)


def share_of_gone(membership: Membership) -> dict[str, int]:
    """Return how the counts change when this membership is deleted."""
    if membership.is_invited:
        return {"invited": -1}
    gone = share_of(membership.two_factor_enabled, membership.two_factor_level, members=-1)
    return {"members": -1} | gone


def check_other_owner(organization: Organization, *going: Membership) -> None:
    """Raise LastOwner unless another owner is active. The caller holds the organization's lock."""
    others = organization.memberships.owners().exclude(pk__in=[membership.pk for membership in going])
    if not others.filter(user__is_active=True).exists():
        raise LastOwner(organization.name)
