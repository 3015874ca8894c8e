"""What a person is in and invited to, in order of the organizations' names.

Each part is read along an index that has its order: one who is in thousands pays no more than others.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.database.first_rows import ids_of
from accounts.models import User
from organizations.models import Membership, MembershipQuerySet, confirmed_address, latest_end, to_address

ORDER = ("organization_key", "pk")


def joinable(user_id: int, now: datetime, latest: datetime) -> MembershipQuerySet:
    """Return everybody's open invitations, without those to what this user is in already.

    `latest` is the `latest_end` of now: a prepared read can't compute it.
    """
    return Membership.objects.invited().ending(now, latest).not_joined_by(user_id)


def parts(user_id: int, address: str, invited: MembershipQuerySet) -> list[MembershipQuerySet]:
    """Return memberships of a user, and of `invited` those to the account and those to the address."""
    joined = Membership.objects.active().filter(user=user_id)
    invitations = (invited.filter(user=user_id), invited.filter(to_address(address)))
    return [part.order_by(*ORDER) for part in (joined, *invitations)]


def first_of(found: list[MembershipQuerySet], number: int) -> MembershipQuerySet:
    """Return so many rows of each of these parts, with their organizations."""
    rows = Membership.objects.filter(pk__in=ids_of(*(part[:number] for part in found)))
    return rows.select_related("organization")


class OfPerson(Sequence[Membership]):
    """The memberships and open invitations of a user. A slice reads of each part what is before its end."""

    def __init__(self, user: User) -> None:
        now = timezone.now()
        invited = joinable(user.pk, now, latest_end(now))
        self.parts = parts(user.pk, confirmed_address(user), invited)

    def __len__(self) -> int:
        return sum(part.count() for part in self.parts)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, int):
            return self[place : place + 1][0]
        rows = first_of(self.parts, place.stop)
        return list(rows.order_by(*ORDER)[place])
