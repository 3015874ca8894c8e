"""Say how much of each thing there is at each size."""

from dataclasses import dataclass

MOST_MAILS = 100_000
MOST_OWNERS = 1_000


@dataclass(frozen=True)
class Size:
    """`people` are as many users, members of one organization, sessions and audit events.

    `own` is the number of organizations, tokens and sessions of one person.
    """

    people: int
    own: int

    @property
    def mails(self) -> int:
        """How many mails were sent, how many wait for later, and how many are due."""
        return min(self.people, MOST_MAILS)

    @property
    def enrolled(self) -> int:
        return self.people // TENTH

    @property
    def invitations(self) -> int:
        return self.people // TENTH

    @property
    def owners(self) -> int:
        """Each hundredth of the first: all of them are told of some changes, which takes its time."""
        return min(self.people // HUNDREDTH, MOST_OWNERS)


TENTH, HUNDREDTH = 10, 100
# `own` begins above the hundred that the API returns at once.
SIZES = {1_000: Size(1_000, 120), 100_000: Size(100_000, 350), 1_000_000: Size(1_000_000, 1_000)}
