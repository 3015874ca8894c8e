"""Page through a list of any length at constant cost: a page begins after a row, not after n rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import QueryDict

from organizations.models import Membership, MembershipQuerySet

PAGE_SIZE = 20
CURSOR = re.compile(r"([a-z0-9._-]{0,40}),([0-9]{1,18})")
TIME_CURSOR = re.compile(r"([0-9]{1,16}),([0-9]{1,18})")
NUMBER = re.compile(r"[1-9][0-9]{0,6}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Order:
    """An order, by an indexed column and then by id. `text` and `value` make cursors and read them."""

    column: str
    cursor: re.Pattern[str]
    text: Callable[[Any], str]
    value: Callable[[str], Any]
    descending: bool = False

    @property
    def reverse(self) -> "Order":
        return replace(self, descending=not self.descending)

    def sorted(self, rows: MembershipQuerySet) -> MembershipQuerySet:
        sign = "-" if self.descending else ""
        return rows.order_by(f"{sign}{self.column}", f"{sign}pk")

    def after(self, rows: MembershipQuerySet, cursor: str) -> MembershipQuerySet:
        """Return the rows behind that of the cursor. Raises BadRequest."""
        match = self.cursor.fullmatch(cursor)
        if match is None:
            raise BadRequest("malformed cursor")
        value, pk, beyond = self.value(match[1]), int(match[2]), "lt" if self.descending else "gt"
        # The last condition lets the index seek; a plain OR would scan it from its beginning.
        return rows.filter(
            Q(**{f"{self.column}__{beyond}": value}) | Q(**{self.column: value, f"pk__{beyond}": pk}),
            **{f"{self.column}__{beyond}e": value},
        )

    def cursor_of(self, row: Membership) -> str:
        return f"{self.text(getattr(row, self.column))},{row.pk}"


BY_NAME = Order("username_key", CURSOR, text=str, value=str)
BY_JOINING = Order(
    "joined_at",
    TIME_CURSOR,
    text=lambda time: str((time - EPOCH) // MICROSECOND),
    value=lambda text: EPOCH + int(text) * MICROSECOND,
)
ORDERS = {"name": BY_NAME, "-name": BY_NAME.reverse, "joined": BY_JOINING, "-joined": BY_JOINING.reverse}
DEFAULT_SORT = "name"


@dataclass(frozen=True)
class KeysetPage:
    """The rows of a page, the cursors of its neighbours, or "", and the place of its first row.

    The links hand the place on. It is for people to read, counts from 1, and is None where it is not known.
    """

    rows: list[Membership]
    before: str = ""
    after: str = ""
    first: int | None = None

    @property
    def last(self) -> int | None:
        return self.first and self.first + len(self.rows) - 1


def keyset_page(
    rows: MembershipQuerySet, query: QueryDict, order: Order = BY_NAME, total: int | None = None
) -> KeysetPage:
    """Return the page that `after` or `before` in the query selects. Raises BadRequest."""
    backwards, start = query.get("before"), query.get("after")
    cursor = backwards or start
    towards = order.reverse if backwards else order
    if cursor:
        rows = towards.after(rows, cursor)
    found = list(towards.sorted(rows)[: PAGE_SIZE + 1])
    shown, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    if backwards:
        shown.reverse()
    page = KeysetPage(
        shown,
        before=order.cursor_of(shown[0]) if shown and (more if backwards else cursor) else "",
        after=order.cursor_of(shown[-1]) if shown and (backwards or more) else "",
    )
    return replace(page, first=place(page, query.get("at", ""), total))


def place(page: KeysetPage, said: str, total: int | None) -> int | None:
    """Return the place of the first row: known at both ends of the list, else what the link said."""
    if not page.rows:
        return None
    if not page.before:
        return 1
    if total is not None and not page.after:
        return max(1, total - len(page.rows) + 1)
    at = int(said) if NUMBER.fullmatch(said) else 0
    return at if at and (total is None or at + len(page.rows) <= total + 1) else None


def rows_after(rows: MembershipQuerySet, name: str, pk: int) -> MembershipQuerySet:
    return BY_NAME.after(rows, f"{name},{pk}")


def cursor_of(row: Membership) -> str:
    return BY_NAME.cursor_of(row)


def parse(cursor: str) -> tuple[str, int]:
    match = CURSOR.fullmatch(cursor)
    if match is None:
        raise BadRequest("malformed cursor")
    return match[1], int(match[2])


def page_links(page: KeysetPage, path: str, **query: str) -> dict[str, str]:
    """Return the URLs of the previous and the next page, as includes/pagination.html takes them."""
    links = {}
    if page.before:
        at = {"at": str(max(1, page.first - PAGE_SIZE))} if page.first else {}
        links["previous_url"] = f"{path}?{urlencode({**query, 'before': page.before, **at})}"
    if page.after:
        at = {"at": str(page.first + len(page.rows))} if page.first else {}
        links["next_url"] = f"{path}?{urlencode({**query, 'after': page.after, **at})}"
    return links


def sort_links(path: str, query: dict[str, str], sort: str) -> dict[str, str]:
    """Return the URLs that sort by name and by date joined, newest first. The present order is reversed."""
    others = {"name": "-name", "-joined": "joined"}
    return {
        column: f"{path}?{urlencode({**query, 'sort': others.get(sort, first) if sort == first else first})}"
        for column, first in {"name": "name", "joined": "-joined"}.items()
    }
