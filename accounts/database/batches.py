"""Change many rows in batches: no lock is held for long, and rows that others have locked are skipped.

Rows are looked for in the order of `by`, the column that the condition is about: its index leads to them, and
to no others. In the order of their ids the database would have to read the rows that do not match as well.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.database.seeking import behind
from accounts.database.timeouts import unhurried

BATCH = 500


def delete_in_batches(rows: QuerySet[Any], *, by: str) -> int:
    """Delete these rows; return how many were deleted, without the rows that cascade."""
    label = rows.model._meta.label
    return in_batches(rows, lambda free: free.delete()[1].get(label, 0), by=by)


def update_in_batches(rows: QuerySet[Any], *, by: str, **changes: Any) -> int:
    """Update these rows; return how many were updated."""
    return in_batches(rows, lambda free: free.update(**changes), by=by)


def in_batches(rows: QuerySet[Any], change: Callable[[QuerySet[Any]], int], *, by: str) -> int:
    """Change rows in batches of BATCH; return how many were changed.

    The search runs without locks. The condition is checked again under the lock: a row may have stopped
    matching in between.
    """
    changed = 0
    places = first_places(rows, by)
    while places:
        keys = [key for _place, key in places]
        with unhurried(), transaction.atomic():
            found = rows.model._default_manager.filter(pk__in=keys).order_by("pk")
            free = found.select_for_update(skip_locked=True).values_list("pk", flat=True)
            changed += change(rows.filter(pk__in=list(free)))
        places = first_places(behind(rows, by, *places[-1]), by)
    return changed


def first_places(rows: QuerySet[Any], by: str) -> list[tuple[Any, Any]]:
    """Return the values of `by` and the keys of the first rows."""
    with unhurried():
        return list(rows.order_by(by, "pk").values_list(by, "pk")[:BATCH])
