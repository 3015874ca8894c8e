"""Find the recipients of mails about an organization, and limit how many there are.

A person who may change an organization must not flood its owners: the mail that matters would be lost among
the others.
"""

from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.limits import Budget, Told
from accounts.models import User
from organizations.models import Membership, MembershipQuerySet, Organization

# Audiences of broadcasts; their functions are below.
OWNERS = "organizations.owners"
MEMBERS = "organizations.members"
MEMBERS_WITHOUT_TWO_FACTOR = "organizations.members_without_two_factor"

ANOTHER_OWNER = gettext_lazy("Another owner can continue at once. Pages and programs are counted separately.")
NEWS = Budget(
    "organization:news",
    (60, 3600),
    (240, 86_400),
    told=Told(
        gettext_lazy("You have made too many changes that we email to all owners."),
        ANOTHER_OWNER,
    ),
)


def reserve_broadcast(organization: Organization, actor: Actor) -> None:
    """Count a change that is mailed to all owners; call before its transaction. Raises RateLimited.

    Each person has a budget, and their tokens another: no owner keeps another owner from acting.
    """
    limits.reserve((NEWS, f"{organization.pk}:{actor.source}"))


def owners(key: str, after: int, limit: int) -> list[User]:
    return readers(Membership.objects.owners(), key, after, limit)


def members(key: str, after: int, limit: int) -> list[User]:
    return readers(Membership.objects.active(), key, after, limit)


def members_without_two_factor(key: str, after: int, limit: int) -> list[User]:
    """Return members without two-factor; none if the organization no longer requires it."""
    return readers(Membership.objects.active().without_two_factor().mandatory(), key, after, limit)


def readers(memberships: MembershipQuerySet, key: str, after: int, limit: int) -> list[User]:
    rows = memberships.filter(
        organization_id=int(key),
        user_id__gt=after,
        user__is_active=True,
        user__email_confirmed_at__isnull=False,
    )
    return [row.user for row in rows.select_related("user").order_by("user_id")[:limit] if row.user]


AUDIENCES = {OWNERS: owners, MEMBERS: members, MEMBERS_WITHOUT_TWO_FACTOR: members_without_two_factor}
