"""Lock rows and check rights for the verbs.

Lock order: organizations, users, memberships, counts; each in the order of ids. The session or token that
acts comes before all of them (accounts.sessions.locks.acting).
"""

from collections.abc import Iterable

from django.conf import settings

from accounts.audit import Actor
from accounts.models import ApiToken, BearerToken, User
from organizations.exceptions import MembershipGone, NoLongerAllowed, OrganizationGone, UserTokensRefused
from organizations.models import Membership, Organization, OrganizationToken, Right

LARGEST_ID = 2**63 - 1  # of any row; databases raise for larger numbers


def may_create_organizations(user: User) -> bool:
    """Return whether the site lets this user create organizations (D31)."""
    return settings.CREATE_ORGANIZATIONS == "everybody" or user.is_staff


def lock_organization(organization: Organization) -> Organization:
    """Lock the organization and return its current state. Raises OrganizationGone.

    Every verb on memberships takes this lock first.
    """
    locked = Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk).first()
    if locked is None:
        raise OrganizationGone
    return locked


def lock_with_right(organization: Organization, actor: Actor, right: Right = Right.SETTINGS) -> Organization:
    """Lock the organization and check the right again: it may have changed since the gate.

    Owners have every right, and so do commands. A token of the organization has some. Raises NoLongerAllowed.
    """
    locked = lock_organization(organization)
    check_right(locked, actor, right)
    return locked


def check_right(organization: Organization, actor: Actor, right: Right) -> None:
    """Raise NoLongerAllowed unless the actor has the right. The caller holds the organization's lock."""
    if actor.door != "command" and not has_right(organization, actor, right):
        raise NoLongerAllowed


def has_right(organization: Organization, actor: Actor, right: Right) -> bool:
    """Return whether the actor has the right. The caller holds the organization's lock.

    Revoking a token and refusing personal ones take the same lock. Raises TokenRevoked, UserTokensRefused.
    """
    if isinstance(actor.token, OrganizationToken):
        actor.token.check_alive()
        return actor.token.organization_id == organization.pk and right in actor.token.rights
    check_user_token(organization, actor.token)
    return organization.memberships.owners().filter(user=actor.user).exists()


def check_user_token(organization: Organization, token: BearerToken | None) -> None:
    """Raise UserTokensRefused if this is a person's token, and the organization does not accept those.

    The gate of the API asks this on each request, and verbs ask it again under the organization's lock.
    `MembershipQuerySet.accepting_user_tokens` is the same rule as a query.
    """
    if isinstance(token, ApiToken) and not organization.user_tokens_enabled:
        raise UserTokensRefused(organization)


def lock_member(user_id: int) -> User:
    user: User | None = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise MembershipGone
    return user


def lock_memberships(
    organization: Organization, membership_ids: Iterable[int], *, may_be_gone: Iterable[int] = ()
) -> list[tuple[Membership, User | None]]:
    """Lock and return memberships of a locked organization with their users, in the order of ids.

    Raises MembershipGone if one is missing: deleting an account deletes its memberships. Those that
    `may_be_gone` are locked as well, and left out if they are.
    """
    ids = set(membership_ids)
    if any(pk > LARGEST_ID for pk in ids):  # from a forged URL
        raise MembershipGone
    rows = organization.memberships.filter(pk__in=ids | set(may_be_gone)).order_by("pk")
    people = set(rows.filter(user__isnull=False).values_list("user_id", flat=True))
    users: dict[int | None, User] = {}
    if people:
        in_order = User.objects.filter(pk__in=people).order_by("pk")
        users = {user.pk: user for user in in_order.select_for_update(no_key=True)}
    locked = rows.select_for_update(no_key=True)
    there = [(row, users.get(row.user_id)) for row in locked if not row.user_id or row.user_id in users]
    if ids - {row.pk for row, _user in there}:
        raise MembershipGone
    return there
