"""Find the recipients of mails about an organization, and limit how many there are.

A person who may change an organization must not flood its owners: the mail that matters would be lost among
the others.
"""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.limits import Budget, Told
from accounts.models import Level, User
from organizations.models import Membership, MembershipQuerySet, Organization

# Audiences of broadcasts; their functions are below.
OWNERS = "organizations.owners"
MEMBERS = "organizations.members"
MEMBERS_LOCKED_OUT = "organizations.members_without_two_factor"  # its name in rows of a former release
MEMBERS_CONCERNED = "organizations.members_concerned"
MEMBERS_WITH_TEXTS = "organizations.members_with_texts"
MEMBERS_REMINDED = "organizations.members_reminded"

BETWEEN_REMINDERS = timedelta(days=1)

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


def members_locked_out(key: str, after: int, limit: int) -> list[User]:
    """Return members without what is required; none if the organization no longer requires it."""
    organization = Organization.objects.filter(pk=int(key)).first()
    level = organization.required_level if organization else Level.NONE
    return readers(Membership.objects.active().below(level), key, after, limit) if level else []


def key_of_level(organization: Organization, level: int) -> str:
    """Return the key of members, but not owners, who have set up nothing of this level."""
    return f"{organization.pk}:{level}:"


def key_of_date(organization: Organization) -> str:
    """Return the key of those whom the date concerns, as long as it is the date."""
    at = organization.required_from
    return f"{organization.pk}:{organization.scheduled_level}:{at.isoformat() if at else ''}"


def members_concerned(key: str, after: int, limit: int) -> list[User]:
    """Return the members of such a key; none if the date that it names was changed or withdrawn."""
    organization, level, at = key.split(":", 2)
    found = Membership.objects.active().filter(is_owner=False).below(int(level))
    if at:
        found = found.filter(organization__required_from=datetime.fromisoformat(at))
    return readers(found, organization, after, limit)


def members_with_texts(key: str, after: int, limit: int) -> list[User]:
    """Return members, but not owners, whose only method is text messages."""
    return readers(Membership.objects.active().filter(is_owner=False).with_texts_only(), key, after, limit)


def key_of_reminder(organization: Organization, level: int) -> str:
    """Return the key of those whom a reminder to all reaches."""
    at = organization.all_reminded_at
    return f"{organization.pk}:{level}:{at.isoformat() if at else ''}"


def members_reminded(key: str, after: int, limit: int) -> list[User]:
    """Return members of such a key, without those who had a reminder of their own within a day before it."""
    organization, level, at = key.split(":", 2)
    now = datetime.fromisoformat(at)
    recently = Q(reminded_at__gt=now - BETWEEN_REMINDERS, reminded_at__lte=now)
    found = Membership.objects.active().below(int(level)).filter(joined_at__lte=now).exclude(recently)
    return readers(found, organization, after, limit)


def readers(memberships: MembershipQuerySet, key: str, after: int, limit: int) -> list[User]:
    rows = memberships.filter(
        organization_id=int(key),
        user_id__gt=after,
        user__is_active=True,
        user__email_confirmed_at__isnull=False,
    )
    return [row.user for row in rows.select_related("user").order_by("user_id")[:limit] if row.user]


AUDIENCES = {
    OWNERS: owners,
    MEMBERS: members,
    MEMBERS_LOCKED_OUT: members_locked_out,
    MEMBERS_CONCERNED: members_concerned,
    MEMBERS_WITH_TEXTS: members_with_texts,
    MEMBERS_REMINDED: members_reminded,
}
