"""Say what requiring two-factor authentication would do to an organization, before somebody decides."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.factors.levels import answering
from accounts.models import ANY_METHOD, ApiToken, unexpired
from organizations.listed import Listed
from organizations.models import MembershipQuerySet, Organization, OrganizationToken
from organizations.policy.two_factor import owners_below
from organizations.policy.user_tokens import used_lately

MOST_NAMED = 20
MOST_COUNTED = 100  # open invitations, tokens


@dataclass(frozen=True)
class Rehearsal:
    """Who prevents it, how many would be locked out and the first of them, and what else would change.

    `invitations` and `stopping` are None for more than MOST_COUNTED. `going_on` are the tokens that belong to
    nobody, which nothing locks out.
    """

    level: int
    missing_owners: Listed
    members: int
    without: int  # members who would be locked out
    texts_only: int  # those of them who have text messages only
    named: list[str]
    invitations: int | None
    stopping: int | None  # personal tokens, used in the last 30 days
    going_on: list[OrganizationToken]

    @property
    def more(self) -> int:
        """Return how many would be locked out besides those who are named."""
        return max(0, self.without - len(self.named))

    @property
    def app_only(self) -> bool:
        return self.level > ANY_METHOD


def rehearse(organization: Organization, level: int) -> Rehearsal:
    """Return what requiring this level would do now, from what the gates read. Changes nothing."""
    counts = organization.counts
    invitations = organization.memberships.invited().current().values_list("pk", flat=True)
    return Rehearsal(
        level=level,
        missing_owners=owners_below(organization, level),
        members=counts.members,
        without=counts.below(level),
        texts_only=counts.below(level) - counts.members_without_two_factor,
        named=list(locked_out_by(organization, level).values_list("username", flat=True)[:MOST_NAMED]),
        invitations=counted(invitations),
        stopping=counted(stopping_tokens(organization, level).values_list("pk", flat=True)),
        going_on=list(organization.tokens.filter(unexpired()).order_by("kind")),
    )


def stopping_tokens(organization: Organization, level: int) -> QuerySet[ApiToken]:
    """Return the tokens of members that were used lately, and that requiring this level would lock out.

    It is the rule of the gate for tokens, as a query (access.gate.effective_level).
    """
    proved = Q(verified=True, created_at__gte=F("owner__two_factor_enabled_at"))
    unknown = Q(owner__two_factor_enabled_at__isnull=True)
    if level > ANY_METHOD:
        proved &= Q(owner__two_factor_level__gte=level, method__in=answering(level))
        unknown |= Q(owner__two_factor_level__isnull=True)
    return used_lately(organization).filter(~proved | unknown)


def counted(found: QuerySet[Any, Any]) -> int | None:
    """Return how many there are, or None for more than MOST_COUNTED."""
    number = len(found[: MOST_COUNTED + 1])
    return number if number <= MOST_COUNTED else None


def locked_out_by(organization: Organization, level: int) -> MembershipQuerySet:
    """Return the members whom requiring this level would lock out, in order of name."""
    members: MembershipQuerySet = organization.memberships.active()
    return members.below(level).order_by("username_key", "pk")
