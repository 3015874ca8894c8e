"""Pages with numbers, for lists that are short or capped: what is before a page is skipped, not read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.web.keyset import PAGE_SIZE, counted

NOTHING: Mapping[str, str] = MappingProxyType({})

Row = TypeVar("Row")
Other = TypeVar("Other")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class NumberedPage(Generic[Row]):
    """The rows of a page, its number from 1 on, and how many rows there are: None for too many to count."""

    rows: Sequence[Row]
    number: int
    has_next: bool
    total: int | None
    size: int = PAGE_SIZE

    @property
    def first(self) -> int | None:
        """The place of the first row, None on a page without any."""
        return (self.number - 1) * self.size + 1 if self.rows else None

    @property
    def last(self) -> int | None:
        return self.first and self.first + len(self.rows) - 1

    @property
    def is_whole(self) -> bool:
        """Whether this page is the whole list."""
        return self.number == 1 and not self.has_next

    def with_rows(self, rows: Sequence[Other]) -> "NumberedPage[Other]":
        """Return the same page with what is shown of its rows."""
        return NumberedPage(rows, self.number, self.has_next, self.total, self.size)


def page_number(request: HttpRequest, name: str = "page") -> int:
    """Return the number in the query, 1 without one. Raises BadRequest."""
    text = request.GET.get(name, "") or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text)):
        raise BadRequest("malformed page")
    return int(text)


def page_of_rows(rows: QuerySet[M], number: int, size: int = PAGE_SIZE) -> NumberedPage[M]:
    """Return this page of a queryset in order. Counts only if there are rows besides those of this page."""
    found = list(skipping(rows, (number - 1) * size, size + 1))
    return page_of_found(found, number, lambda: counted(rows), size)


def skipping(rows: QuerySet[M], start: int, number: int) -> QuerySet[M]:
    """Return so many rows from this place on. It skips in an index alone, if there is one."""
    if start:
        rows = rows.filter(pk__in=rows.values("pk")[start : start + number])
    return rows[:number]


def page_of_found(
    found: Sequence[Row], number: int, count: Callable[[], int | None], size: int = PAGE_SIZE
) -> NumberedPage[Row]:
    """Return this page, of whose rows one more than its size was read. Counts only if there are others."""
    has_next = len(found) > size
    total = count() if has_next or number > 1 else len(found)
    return NumberedPage(found[:size], number, has_next, total, size)


def page_of_list(rows: Sequence[Row], number: int, size: int = PAGE_SIZE) -> NumberedPage[Row]:
    """Return this page of rows that are read already."""
    start = (number - 1) * size
    return NumberedPage(rows[start : start + size], number, len(rows) > start + size, len(rows), size)


def number_links(
    page: NumberedPage[Any], path: str, query: Mapping[str, str] = NOTHING, name: str = "page"
) -> dict[str, str]:
    """Return the URLs of the previous and the next page, as includes/pagination.html takes them.

    `query` is what else stands in them, `name` what the number of the page is called.
    """

    def link(number: int) -> str:
        return f"{path}?{urlencode({**query, name: number})}"

    links = {"previous_url": link(page.number - 1)} if page.number > 1 else {}
    return links | ({"next_url": link(page.number + 1)} if page.has_next else {})
