"""Find members or invitations by the beginning of their name or address: one rule for pages and the API.

Each look touches a few blocks, whatever the size and whatever matches: a search reads the beginning of two
indexes, at most MOST_FOUND entries of each, and then only the rows that are shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F

from accounts.database.beginnings import ByCharacter
from accounts.models import Level, User, login_key
from accounts.web.keyset import Order
from organizations.models import Membership, MembershipQuerySet, Organization

MOST_FOUND = 1_000
NAME_AND_ID = ("username_key", "pk")
# A search reads these of each row, from an index alone, and what the list sorts and filters by besides.
Entry = tuple[Any, ...]


@dataclass(frozen=True)
class Matches:
    """What a search has found, in order of name. If it is not complete, it has the first MOST_FOUND."""

    entries: list[Entry]
    columns: tuple[str, ...]
    is_complete: bool

    def of_level(self, level: Level) -> "Matches":
        """Return those of this level; the search must have read that column."""
        column = self.columns.index("level")
        return replace(self, entries=[entry for entry in self.entries if entry[column] == level])

    def read(self, order: Order, cursor: str, number: int) -> list[Membership]:
        """Return the first rows in this order, behind that of the cursor. Raises BadRequest."""
        column = self.columns.index(order.column)
        places = sorted([(entry[column], entry[1]) for entry in self.entries], reverse=order.descending)
        if cursor:
            start = order.place_of(cursor)
            places = [p for p in places if (p < start if order.descending else p > start)]
        return in_this_order([pk for _value, pk in places[:number]])

    def after(self, name: str, pk: int, number: int) -> list[int]:
        """Return the ids of the first rows in order of name, behind this one."""
        return [entry[1] for entry in self.entries if entry[:2] > (name, pk)][:number]

    def slice(self, offset: int, number: int) -> list[int]:
        return [entry[1] for entry in self.entries[offset : offset + number]]


def in_this_order(ids: Sequence[int], rows: MembershipQuerySet | None = None) -> list[Membership]:
    """Return those of `rows` with these ids, in this order. One that is gone by now is left out."""
    found = {row.pk: row for row in (Membership.objects if rows is None else rows).filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]


def search(
    rows: MembershipQuerySet, q: str, *, invited: bool, private: bool = True, besides: Iterable[str] = ()
) -> Matches:
    """Find rows, of active members or of invitations, whose name begins with `q`, ignoring case.

    With `private` also by address. `besides` are the further columns that the list sorts and filters by.
    """
    searched = ("username_key", "email" if invited else "address_key") if private else ("username_key",)
    key, columns = login_key(q), (*NAME_AND_ID, *besides)
    found: dict[int, Entry] = {}  # by id: a row can change between two reads
    is_complete = True
    for column in searched:
        begin = rows.filter(**{f"{column}__begins": key}).order_by(ByCharacter(F(column)), "pk")
        entries = list(begin.values_list(*columns)[: MOST_FOUND + 1])
        is_complete = is_complete and len(entries) <= MOST_FOUND
        found |= {entry[1]: entry for entry in entries}
    # By name and id, which no two have in common: the rest is never compared. Those that were found by name
    # are kept first, so that a whole name finds its member.
    kept = sorted(list(found.values())[:MOST_FOUND])
    return Matches(kept, columns, is_complete and len(found) <= MOST_FOUND)


@dataclass(frozen=True)
class Shown:
    """The rows of a list, and their number: None if a search has found more than MOST_FOUND."""

    rows: MembershipQuerySet | Matches
    total: int | None


def listed(
    organization: Organization,
    order: Order,
    *,
    status: str = "",
    q: str = "",
    without_two_factor: bool = False,
    texts_only: bool = False,
) -> Shown:
    """Return the members or the invitations that the page shows to owners. Numbers come from the counts.

    `order` is the one in which they will be read. Of the last two, the first one wins.
    """
    invited = status == Membership.Status.INVITED
    memberships, counts = organization.memberships, organization.counts
    rows: MembershipQuerySet = memberships.invited() if invited else memberships.active()
    level = Level.NONE if without_two_factor else Level.TEXTS if texts_only else None
    level = None if invited else level
    if q:
        besides = {order.column} - {*NAME_AND_ID} | (set() if level is None else {"level"})
        matches = search(rows, q, invited=invited, besides=sorted(besides))
        matches = matches if level is None else matches.of_level(level)
        return Shown(matches, len(matches.entries) if matches.is_complete else None)
    if level == Level.NONE:
        return Shown(rows.without_two_factor(), counts.members_without_two_factor)
    if level == Level.TEXTS:
        return Shown(rows.with_texts_only(), counts.members_with_texts_only)
    return Shown(rows, counts.invited if invited else counts.members)


def add_accounts(rows: Iterable[Membership]) -> None:
    """Set `account_is_active` and `address` of the members on a page, with one statement of its own.

    For owners only. The account of somebody who is invited stays unknown to them (D24).
    """
    members = {row.user_id: row for row in rows if not row.is_invited}
    accounts = User.objects.filter(pk__in=members.keys()).values_list("pk", "email", "is_active")
    for pk, email, is_active in accounts:
        members[pk].address, members[pk].account_is_active = email, is_active


def only_owner_among(
    organization: Organization, rows: Sequence[Membership], *, is_whole: bool
) -> Membership | None:
    """Return the only active owner if it is one of these rows: they can't stop being an owner.

    Call `add_accounts` first. With `is_whole` the rows are all members, and nothing is read.
    """
    owners = [row for row in rows if row.is_owner and row.account_is_active]
    if not owners or len(owners) > 1:
        return None
    others = organization.memberships.owners().filter(user__is_active=True).exclude(pk=owners[0].pk)
    return owners[0] if is_whole or not others.exists() else None
