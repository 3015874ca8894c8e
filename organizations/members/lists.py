"""List the members and invitations of an organization in pages, at any length.

Members come first, then invitations, each in order of name: two indexes, read one after the other. A page by
number skips rows in the index alone and reads only its own rows; a page by cursor begins after a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet

from accounts.database.prepared import Prepared
from accounts.database.seeking import behind
from accounts.fields import LONGEST_LOGIN
from accounts.jsonapi.errors import invalid_parameter
from accounts.jsonapi.pagination import PageRequest
from accounts.models import login_key
from accounts.web.keyset import PAGE_SIZE, Order
from accounts.web.numbered import skipping
from organizations.members.orders import BY_NAME
from organizations.members.search import Matches, in_this_order, search
from organizations.models import Membership, MembershipQuerySet, Organization

ORDER = ("username_key", "pk")
INACTIVE = "inactive"  # a status of Terraform Cloud that no member has here
MOST_ADDRESSES = 100
WITH_USERS = Membership.objects.select_related("user")


def shown_of(organization: int) -> "QuerySet[Membership, Any]":
    """Return what the page of an organization (an id) shows of its members."""
    members = Membership.objects.active().filter(organization=organization)
    return members.values_list("pk", "username", "username_key", "is_owner", "level", named=True)


# Not planned once: some organizations have a thousand times the members of others.
FIRST_PAGE = Prepared(
    lambda organization: BY_NAME.sorted(shown_of(organization))[: PAGE_SIZE + 1], planned_once=False
)


@dataclass(frozen=True)
class MembersByName:
    """The rows of the page of an organization, which mostly is the first one."""

    organization: Organization

    def read(self, order: Order, cursor: str, number: int) -> list[Any]:
        if not cursor:
            return FIRST_PAGE.all(organization=self.organization.pk)[:number]
        return list(order.sorted(order.after(shown_of(self.organization.pk), cursor))[:number])


@dataclass(frozen=True)
class Part:
    """The members or the invitations that match, and their number."""

    status: str
    rows: MembershipQuerySet | Matches
    size: int

    def slice(self, offset: int, count: int) -> list[Membership]:
        if isinstance(self.rows, Matches):
            return in_this_order(self.rows.slice(offset, count), WITH_USERS)
        return list(skipping(self.rows.order_by(*ORDER).select_related("user"), offset, count))

    def after(self, cursor: str, count: int) -> list[Membership]:
        """Return the first rows behind that of the cursor. Raises ApiError."""
        try:
            name, pk = BY_NAME.place_of(cursor)
        except BadRequest as error:
            raise invalid_parameter("page[after]") from error
        if isinstance(self.rows, Matches):
            return in_this_order(self.rows.after(name, pk, count), WITH_USERS)
        found = behind(self.rows, BY_NAME.column, name, pk)
        return list(BY_NAME.sorted(found).select_related("user")[:count])


def checked_status(status: str) -> str:
    """Return the value of `filter[status]`, or "" for all. Raises ApiError if it is not a status."""
    if status not in ("", INACTIVE, *Membership.Status.values):
        raise invalid_parameter("filter[status]")
    return status


class MemberList:
    """The members and invitations of an organization; without `private`, members and their names only."""

    def __init__(
        self,
        organization: Organization,
        *,
        private: bool,
        status: str = "",
        q: str = "",
        addresses: Sequence[str] = (),
    ) -> None:
        if len(q) > LONGEST_LOGIN:  # longer than any name or address, and SQLite fails on it
            raise invalid_parameter("q")
        if len(addresses) > MOST_ADDRESSES:
            raise invalid_parameter("filter[email]")
        self.organization = organization
        self.private = private
        self.status = checked_status(status)
        self.key = login_key(q)
        self.addresses = [login_key(address) for address in addresses]

    @cached_property
    def parts(self) -> list[Part]:
        memberships, counts = self.organization.memberships, self.organization.counts
        found = []
        if self.status in ("", Membership.Status.ACTIVE):
            found.append(self.part(Membership.Status.ACTIVE, memberships.active(), counts.members))
        if self.status in ("", Membership.Status.INVITED) and self.private:
            found.append(self.part(Membership.Status.INVITED, memberships.invited(), counts.invited))
        return found

    def part(self, status: str, rows: MembershipQuerySet, size: int) -> Part:
        if self.addresses:
            rows = rows.filter(self.addressed(status))
            return Part(status, rows, rows.count())
        if not self.key:
            return Part(status, rows, size)
        matches = search(rows, self.key, invited=status == Membership.Status.INVITED, private=self.private)
        return Part(status, matches, len(matches.entries))

    def addressed(self, status: str) -> Q:
        """Return the condition for the addresses that are asked for: at most MOST_ADDRESSES rows meet it."""
        if not self.private:
            return Q(pk__in=[])
        column = "email" if status == Membership.Status.INVITED else "address_key"
        condition = Q(**{f"{column}__in": self.addresses})
        if self.key:
            condition &= Q(username_key__begins=self.key) | Q(**{f"{column}__begins": self.key})
        return condition

    @property
    def is_complete(self) -> bool:
        """Whether the list has all that match: a search takes the first MOST_FOUND of each status."""
        return all(part.rows.is_complete for part in self.parts if isinstance(part.rows, Matches))

    @property
    def total(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def status_counts(self) -> dict[str, int]:
        counts = self.organization.counts
        invited = counts.invited if self.private else 0
        return {"total": counts.members + invited, "active": counts.members, "invited": invited}

    def page(self, page: PageRequest) -> list[Membership]:
        """Return the rows of a page, each with its user and organization. Raises ApiError."""
        found = self.after(page) if page.after else self.numbered(page)
        for row in found:
            row.organization = self.organization
        return found

    def numbered(self, page: PageRequest) -> list[Membership]:
        found: list[Membership] = []
        offset = page.offset
        for part in self.parts:
            wanted = page.size - len(found)
            if offset < part.size and wanted:
                found += part.slice(offset, wanted)
            offset = max(0, offset - part.size)
        return found

    def after(self, page: PageRequest) -> list[Membership]:
        status, _comma, cursor = page.after.partition(",")
        parts = [part.status for part in self.parts]
        if status not in parts:
            raise invalid_parameter("page[after]")
        found: list[Membership] = []
        for part in self.parts[parts.index(status) :]:
            if wanted := page.size - len(found):
                found += part.after(cursor, wanted) if part.status == status else part.slice(0, wanted)
        return found

    def cursor(self, rows: Sequence[Membership]) -> str:
        """Return the `page[after]` of the page that follows these rows, or ""."""
        return f"{rows[-1].status},{BY_NAME.cursor_of(rows[-1])}" if rows else ""
