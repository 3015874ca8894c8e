"""Page through a list of any length at constant cost: a page begins after a row, not after n rows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import QueryDict

from accounts.database.seeking import behind

PAGE_SIZE = 20
MOST_COUNTED = 1_000
ID = re.compile(r"([0-9]{1,18}),([0-9]{1,18})")
TIME_CURSOR = re.compile(r"([0-9]{1,16}),([0-9]{1,18})")
NUMBER = re.compile(r"[1-9][0-9]{0,6}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

M = TypeVar("M", bound=Model)
Row = TypeVar("Row", bound=Model, covariant=True)


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

    def sorted(self, rows: QuerySet[M]) -> QuerySet[M]:
        sign = "-" if self.descending else ""
        return rows.order_by(f"{sign}{self.column}", f"{sign}pk")

    def after(self, rows: QuerySet[M], cursor: str) -> QuerySet[M]:
        """Return the rows behind that of the cursor. Raises BadRequest."""
        value, pk = self.place_of(cursor)
        return behind(rows, self.column, value, pk, descending=self.descending)

    def place_of(self, cursor: str) -> tuple[Any, int]:
        """Return the value and the id of the row that a cursor names. Raises BadRequest."""
        match = self.cursor.fullmatch(cursor)
        if match is None:
            raise BadRequest("malformed cursor")
        return self.value(match[1]), int(match[2])

    def cursor_of(self, row: Model) -> str:
        return f"{self.text(getattr(row, self.column))},{row.pk}"


BY_ID = Order("id", ID, text=str, value=int)
NEWEST_FIRST = BY_ID.reverse


def by_time(column: str) -> Order:
    return Order(
        column,
        TIME_CURSOR,
        text=lambda time: str((time - EPOCH) // MICROSECOND),
        value=lambda text: EPOCH + int(text) * MICROSECOND,
    )


class Rows(Protocol[Row]):
    """What pages can be read of besides a queryset: rows that are sorted already."""

    def read(self, order: Order, cursor: str, number: int) -> Sequence[Row]:
        """Return the first rows in this order, behind that of the cursor if it is not "".

        Raises BadRequest.
        """


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    """The rows of a page, the cursors of its neighbours, or "", and the place of its first row.

    The links hand the place on. It is for people to read, counts from 1, and is None where it is not known.
    """

    rows: list[M]
    before: str = ""
    after: str = ""
    first: int | None = None

    @property
    def last(self) -> int | None:
        return self.first and self.first + len(self.rows) - 1


def keyset_page(
    rows: QuerySet[M] | Rows[M], query: QueryDict, order: Order, total: int | None = None
) -> KeysetPage[M]:
    """Return the page that `after` or `before` in the query selects. Raises BadRequest."""
    backwards, start = query.get("before"), query.get("after")
    cursor = backwards or start or ""
    found = read(rows, order.reverse if backwards else order, cursor, PAGE_SIZE + 1)
    shown, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    if backwards:
        shown.reverse()
    page = KeysetPage(
        shown,
        before=order.cursor_of(shown[0]) if shown and (more if backwards else cursor) else "",
        after=order.cursor_of(shown[-1]) if shown and (backwards or more) else "",
    )
    return replace(page, first=place(page, query.get("at", ""), total))


def read(rows: QuerySet[M] | Rows[M], order: Order, cursor: str, number: int) -> list[M]:
    if not isinstance(rows, QuerySet):
        return list(rows.read(order, cursor, number))
    return list(order.sorted(order.after(rows, cursor) if cursor else rows)[:number])


def place(page: KeysetPage[Any], said: str, total: int | None) -> int | None:
    """Return the place of the first row: known at both ends of the list, else what the link said."""
    if not page.rows:
        return None
    if not page.before:
        return 1
    if total is not None and not page.after:
        return max(1, total - len(page.rows) + 1)
    at = int(said) if NUMBER.fullmatch(said) else 0
    return at if at and (total is None or at + len(page.rows) <= total + 1) else None


def counted(rows: QuerySet[Any]) -> int | None:
    """Return how many rows there are, or None if there are more than MOST_COUNTED."""
    number = rows.order_by().values("pk")[: MOST_COUNTED + 1].count()
    return number if number <= MOST_COUNTED else None


def page_links(page: KeysetPage[Any], path: str, **query: str) -> dict[str, str]:
    """Return the URLs of the previous and the next page, as includes/pagination.html takes them."""
    links = {}
    if page.before:
        at = {"at": str(max(1, page.first - PAGE_SIZE))} if page.first else {}
        links["previous_url"] = f"{path}?{urlencode({**query, 'before': page.before, **at})}"
    if page.after:
        at = {"at": str(page.first + len(page.rows))} if page.first else {}
        links["next_url"] = f"{path}?{urlencode({**query, 'after': page.after, **at})}"
    return links
