"""Read very many rows, some at a time: no cursor of the database stays open, and memory stays the same."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.database.seeking import behind
from accounts.database.sorting import along_one_index
from accounts.database.timeouts import unhurried

AT_ONCE = 1000


def read_in_batches(rows: QuerySet[Any], *, by: str = "pk", unique: bool = False) -> Iterator[Any]:
    """Yield the rows in the order of `by`, and then of their ids unless it is `unique` among them.

    An index must have that order: else each batch sorts all that are left. Rows that come or go meanwhile
    are seen or not, each by itself. What they refer to is prefetched: PostgreSQL may plan a join that begins
    at the start of the other table each time.
    """
    if rows.query.select_related:
        raise TypeError("read_in_batches takes prefetch_related, not select_related")
    alone = unique or by == "pk"
    ordered = rows.order_by(by) if alone else rows.order_by(by, "pk")
    left = ordered
    while found := first_of(left):
        yield from found
        last = found[-1]
        value = getattr(last, by)
        left = ordered.filter(**{f"{by}__gt": value}) if alone else behind(ordered, by, value, last.pk)


def first_of(rows: QuerySet[Any]) -> list[Any]:
    with unhurried(), along_one_index():
        return list(rows[:AT_ONCE])
