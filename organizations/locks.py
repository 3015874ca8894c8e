"""The order in which the verbs lock: organizations, users, memberships, counts; each in the order of ids.

Before all of them comes the session or the token that acts (accounts.sessions.acting).
"""

from accounts.audit import Actor
from accounts.models import User
from organizations.exceptions import MembershipGone, NoLongerAllowed, OrganizationGone
from organizations.models import Membership, Organization, OrganizationToken, Right


def lock_organization(organization: Organization) -> Organization:
    """Return the organization as it is now, locked. Every verb on memberships begins with this."""
    locked = Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk).first()
    if locked is None:
        raise OrganizationGone
    return locked


def lock_as_owner(organization: Organization, actor: Actor, right: Right = Right.SETTINGS) -> Organization:
    """Lock the organization and ask again whether the actor has the right: the gate was a moment ago.

    Owners have every right. A token that belongs to the organization has some of them.
    """
    locked = lock_organization(organization)
    if actor.door != "command" and not has_right(locked, actor, right):
        raise NoLongerAllowed
    return locked


def has_right(organization: Organization, actor: Actor, right: Right) -> bool:
    if isinstance(actor.token, OrganizationToken):
        return actor.token.organization_id == organization.pk and right in actor.token.rights
    return organization.memberships.owners().filter(user=actor.user).exists()


def lock_user(user_id: int) -> User:
    user: User | None = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise MembershipGone
    return user


def lock_membership(organization: Organization, membership_id: int) -> tuple[Membership, User | None]:
    """Return a membership of a locked organization, and its user if there is one, both locked."""
    found = organization.memberships.filter(pk=membership_id).first()
    if found is None:
        raise MembershipGone
    user = lock_user(found.user_id) if found.user_id else None
    locked = organization.memberships.select_for_update(no_key=True).filter(pk=membership_id).first()
    if locked is None:  # an account that was deleted meanwhile took it along
        raise MembershipGone
    return locked, user
