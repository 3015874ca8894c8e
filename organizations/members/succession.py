"""Make somebody an owner in the place of one who goes, by the same rules as any other new owner."""

from typing import Any

from accounts import outbox
from accounts.audit import Actor
from accounts.models import User, login_key
from accounts.sessions.locks import counted
from accounts.users.reasons import in_one_line
from organizations import news
from organizations.access.rights import lock_memberships, lock_organization
from organizations.announcements import Change, active_owners, tell
from organizations.events import Event, record
from organizations.exceptions import (
    AccountDeactivated,
    NotAMember,
    OwnerThere,
    ReasonNeeded,
    SuccessorUnknown,
)
from organizations.models import Membership, Organization
from organizations.policy.exceptions import NewOwnerNotEnrolled
from organizations.policy.two_factor import check_new_owner

# Why somebody can't become an owner: a form says it beside the name.
REFUSALS = (SuccessorUnknown, AccountDeactivated, NewOwnerNotEnrolled)
SUGGESTED = 10
LOOKED_AT = 100  # members, in order of name: who fits may be rare in a very large organization


def suggestions(organization: Organization, leaving: int | None) -> list[str]:
    """Return the names of some members who could become owners in the place of `leaving` (an id)."""
    required = organization.required_level
    rows = organization.memberships.active().order_by("username_key", "pk")
    shown = rows.values_list("user_id", "username", "is_owner", "level", "user__is_active")
    return [
        name
        for user_id, name, is_owner, level, is_active in shown[:LOOKED_AT]
        if user_id != leaving and not is_owner and is_active and level >= required
    ][:SUGGESTED]


def find(organization: Organization, name: str, *, leaving: int | None = None) -> Membership:
    """Return the membership of a member by username, not locked. Raises SuccessorUnknown.

    Invitations are not looked at: an owner may not learn more of the people behind them.
    """
    found: Membership | None = (
        organization.memberships.active().filter(username_key=login_key(name)).exclude(user=leaving).first()
    )
    if found is None:
        raise SuccessorUnknown(name=name, organization=organization.name)
    return found


def promote(
    organization: Organization, membership: Membership, user: User | None, *, actor: Actor, **data: Any
) -> bool:
    """Make a member an owner and record it. Return False if they are one. The caller holds all locks.

    Raises NotAMember, AccountDeactivated, NewOwnerNotEnrolled.
    """
    if membership.is_invited or user is None:
        raise NotAMember
    if membership.is_owner:
        return False
    if not user.is_active:
        raise AccountDeactivated(name=user.username)
    check_new_owner(organization, user)
    membership.is_owner = True
    membership.save(update_fields=["is_owner"])
    record(Event.OWNER_ADDED, organization, actor=actor, user=user, **data)
    return True


def appoint(organization: Organization, name: str, *, reason: str, actor: Actor) -> Membership:
    """Make a member the owner of an organization that nobody can manage, and tell all its members.

    For commands on the server. Raises OwnerThere, ReasonNeeded, ReasonTooLong, SuccessorUnknown,
    AccountDeactivated, NewOwnerNotEnrolled, MembershipGone, OrganizationGone.
    """
    reason = in_one_line(reason)
    if not reason:
        raise ReasonNeeded
    with counted(actor):
        organization = lock_organization(organization)
        if active_owners(organization).exists():
            raise OwnerThere(name=organization.name)
        found = find(organization, name)
        [(membership, user)] = lock_memberships(organization, [found.pk])
        if user is None or not promote(organization, membership, user, actor=actor, reason=reason):
            raise AccountDeactivated(name=membership.username)  # of an owner, or there would be an active one
        tell(organization, Change.MADE, [user], actor=actor)
        tell_members(organization, successor=user.username)
    return membership


def tell_members(organization: Organization, *, gone: str = "", successor: str = "") -> None:
    """Tell all members that the account of their only owner was deactivated, and who owns it now, if anybody.

    Without `gone`, that it has an owner again: a mail of its own kind, which waits for no other one.
    """
    outbox.broadcast(
        "organization_owner_gone" if gone else "organization_owner_found",
        audience=news.MEMBERS,
        key=str(organization.pk),
        organization_name=organization.name,
        person=gone,
        successor=successor,
    )
