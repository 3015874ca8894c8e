"""Say what requiring two-factor authentication would do to an organization, before somebody decides."""

from dataclasses import dataclass

from organizations.listed import Listed
from organizations.models import Organization
from organizations.policy.two_factor import unenrolled_owners

MOST_NAMED = 20
MOST_COUNTED = 100  # open invitations


@dataclass(frozen=True)
class Rehearsal:
    """Who prevents it, how many would be locked out and the first of them, and how many may yet join.

    `invitations` is None for more than MOST_COUNTED open ones.
    """

    missing_owners: Listed
    members: int
    without: int
    named: list[str]
    invitations: int | None

    @property
    def more(self) -> int:
        """Return how many would be locked out besides those who are named."""
        return max(0, self.without - len(self.named))


def rehearse(organization: Organization) -> Rehearsal:
    """Return what would happen, from what the gates read. Changes nothing."""
    counts = organization.counts
    members = organization.memberships.active().without_two_factor().order_by("username_key", "pk")
    invitations = organization.memberships.invited().current().values_list("pk", flat=True)
    still_open = len(invitations[: MOST_COUNTED + 1])
    return Rehearsal(
        missing_owners=unenrolled_owners(organization),
        members=counts.members,
        without=counts.members_without_two_factor,
        named=list(members.values_list("username", flat=True)[:MOST_NAMED]),
        invitations=still_open if still_open <= MOST_COUNTED else None,
    )
