"""List the members and invitations of an organization in pages, at any length.

Members come first, then invitations, each in order of name: two indexes, read one after the other. A page by
number skips rows in the index alone and reads only its own rows; a page by cursor begins after a row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.fields import LONGEST_LOGIN
from accounts.jsonapi.errors import invalid_parameter
from accounts.jsonapi.pagination import PageRequest
from accounts.models import User, login_key
from organizations.members.keyset import cursor_of, parse, rows_after
from organizations.models import Membership, MembershipQuerySet, Organization

ORDER = ("username_key", "pk")
INACTIVE = "inactive"  # a status of Terraform Cloud that no member has here
MOST_ADDRESSES = 100


@dataclass(frozen=True)
class Part:
    """The members or the invitations that match, and their number."""

    status: str
    rows: MembershipQuerySet
    size: int


def checked_status(status: str) -> str:
    """Return the value of `filter[status]`, or "" for all. Raises ApiError if it is not a status."""
    if status not in ("", INACTIVE, *Membership.Status.values):
        raise invalid_parameter("filter[status]")
    return status


def beginning_with(key: str, status: str, rows: MembershipQuerySet, *, private: bool) -> MembershipQuerySet:
    """Return rows whose username begins with `key`; with `private`, also those whose address does."""
    named = Q(username_key__startswith=key)
    if not private:
        return rows.filter(named)
    if status == Membership.Status.INVITED:
        return rows.filter(named | Q(email__startswith=key))
    # An OR over two tables would scan all members; each of these uses an index of its own.
    addressed = rows.filter(user__in=with_address(email_key__startswith=key))
    found = rows.filter(named).values("pk").union(addressed.values("pk"))
    return Membership.objects.filter(pk__in=found)


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
        if not (self.key or self.addresses):
            return Part(status, rows, size)
        if self.key:
            rows = beginning_with(self.key, status, rows, private=self.private)
        if self.addresses:
            rows = rows.filter(self.addressed(status))
        return Part(status, rows, rows.count())

    def addressed(self, status: str) -> Q:
        if not self.private:
            return Q(pk__in=[])
        if status == Membership.Status.INVITED:
            return Q(email__in=self.addresses)
        return Q(user__in=with_address(email_key__in=self.addresses))

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
                found += self.read(part.rows, offset, wanted)
            offset = max(0, offset - part.size)
        return found

    def after(self, page: PageRequest) -> list[Membership]:
        status, name, pk = position(page.after)
        parts = [part.status for part in self.parts]
        if status not in parts:
            raise invalid_parameter("page[after]")
        found: list[Membership] = []
        for part in self.parts[parts.index(status) :]:
            rows = rows_after(part.rows, name, pk) if part.status == status else part.rows
            if wanted := page.size - len(found):
                found += self.read(rows, 0, wanted)
        return found

    def read(self, rows: MembershipQuerySet, offset: int, count: int) -> Iterable[Membership]:
        ordered = rows.order_by(*ORDER)
        if offset:  # skips in the index alone, and reads only these rows
            ordered = Membership.objects.filter(pk__in=ordered.values("pk")[offset : offset + count])
            ordered, offset = ordered.order_by(*ORDER), 0
        return ordered.select_related("user")[:count]

    def cursor(self, rows: Sequence[Membership]) -> str:
        """Return the `page[after]` of the page that follows these rows, or ""."""
        return f"{rows[-1].status},{cursor_of(rows[-1])}" if rows else ""


def position(cursor: str) -> tuple[str, str, int]:
    """Return the row that a page begins after, as (status, name key, id). Raises ApiError."""
    status, _comma, row = cursor.partition(",")
    try:
        return status, *parse(row)
    except BadRequest as error:
        raise invalid_parameter("page[after]") from error


def with_address(**condition: Any) -> Any:
    """Return the ids of users whose confirmed address meets the condition."""
    confirmed = User.objects.filter(email_confirmed_at__isnull=False).alias(email_key=Lower("email"))
    return confirmed.filter(**condition).values("pk")
