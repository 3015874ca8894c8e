"""Say how much of each thing there is at each size."""

from dataclasses import dataclass

MOST_MAILS = 100_000


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
        return self.people // HUNDREDTH


TENTH, HUNDREDTH = 10, 100
# `own` begins above the twenty rows of a page.
SIZES = {1_000: Size(1_000, 30), 100_000: Size(100_000, 300), 1_000_000: Size(1_000_000, 1_000)}
