"""Read very many rows, some at a time: no cursor of the database stays open, and memory stays the same."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.database.seeking import behind
from accounts.database.sorting import along_one_index
from accounts.database.timeouts import unhurried

AT_ONCE = 1000


def read_in_batches(rows: QuerySet[Any], *, by: str = "pk") -> Iterator[Any]:
    """Yield the rows in the order of `by` and their ids, each read with its neighbours.

    An index must have that order. Rows that come or go meanwhile are seen or not, each by itself. What they
    refer to is prefetched: PostgreSQL may plan a join that begins at the start of the other table each time.
    """
    if rows.query.select_related:
        raise TypeError("read_in_batches takes prefetch_related, not select_related")
    ordered = rows.order_by("pk") if by == "pk" else rows.order_by(by, "pk")
    left = ordered
    while found := first_of(left):
        yield from found
        last = found[-1]
        left = (
            ordered.filter(pk__gt=last.pk) if by == "pk" else behind(ordered, by, getattr(last, by), last.pk)
        )


def first_of(rows: QuerySet[Any]) -> list[Any]:
    with unhurried(), along_one_index():
        return list(rows[:AT_ONCE])
