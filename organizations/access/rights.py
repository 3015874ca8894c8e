"""The order in which the verbs lock: organizations, users, memberships, counts; each in the order of ids.

Before all of them comes the session or the token that acts (accounts.sessions.acting).
"""

from collections.abc import Iterable

from accounts.audit import Actor
from accounts.models import User
from organizations.exceptions import MembershipGone, NoLongerAllowed, OrganizationGone
from organizations.models import Membership, Organization, OrganizationToken, Right

LARGEST_ID = 2**63 - 1  # of any row; what is beyond makes a database raise


def lock_organization(organization: Organization) -> Organization:
    """Return the organization as it is now, locked. Every verb on memberships begins with this."""
    locked = Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk).first()
    if locked is None:
        raise OrganizationGone
    return locked


def lock_with_right(organization: Organization, actor: Actor, right: Right = Right.SETTINGS) -> Organization:
    """Lock the organization and ask again whether the actor has the right: the gate was a moment ago.

    Owners have every right. A token that belongs to the organization has some of them.
    """
    locked = lock_organization(organization)
    check_right(locked, actor, right)
    return locked


def check_right(organization: Organization, actor: Actor, right: Right) -> None:
    """Raise unless the actor has the right in an organization that is locked."""
    if actor.door != "command" and not has_right(organization, actor, right):
        raise NoLongerAllowed


def has_right(organization: Organization, actor: Actor, right: Right) -> bool:
    """Ask it of a locked organization. Whoever ends a token of it holds that lock, too."""
    if isinstance(actor.token, OrganizationToken):
        actor.token.check_alive()
        return actor.token.organization_id == organization.pk and right in actor.token.rights
    return organization.memberships.owners().filter(user=actor.user).exists()


def lock_user(user_id: int) -> User:
    user: User | None = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise MembershipGone
    return user


def lock_membership(organization: Organization, membership_id: int) -> tuple[Membership, User | None]:
    """Return a membership of a locked organization, and its user if there is one, both locked."""
    return lock_memberships(organization, [membership_id])[0]


def lock_memberships(
    organization: Organization, membership_ids: Iterable[int]
) -> list[tuple[Membership, User | None]]:
    """Return memberships of a locked organization with their users, all of them locked, in the order of ids.

    Raises MembershipGone if one of them is not there: an account that is deleted takes its own along.
    """
    ids = set(membership_ids)
    if any(pk > LARGEST_ID for pk in ids):  # of an address that somebody has made up
        raise MembershipGone
    rows = organization.memberships.filter(pk__in=ids).order_by("pk")
    people = set(rows.filter(user__isnull=False).values_list("user_id", flat=True))
    users: dict[int | None, User] = {}
    if people:
        in_order = User.objects.filter(pk__in=people).order_by("pk")
        users = {user.pk: user for user in in_order.select_for_update(no_key=True)}
    locked = list(rows.select_for_update(no_key=True))
    if len(locked) < len(ids) or any(row.user_id and row.user_id not in users for row in locked):
        raise MembershipGone
    return [(row, users.get(row.user_id)) for row in locked]
