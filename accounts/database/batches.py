"""Change many rows in batches: no lock is held for long, and rows that others have locked are skipped."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.database.timeouts import unhurried

BATCH = 500


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete these rows; return how many were deleted, without the rows that cascade."""
    label = rows.model._meta.label
    return in_batches(rows, lambda free: free.delete()[1].get(label, 0))


def update_in_batches(rows: QuerySet[Any], **changes: Any) -> int:
    """Update these rows; return how many were updated."""
    return in_batches(rows, lambda free: free.update(**changes))


def in_batches(rows: QuerySet[Any], change: Callable[[QuerySet[Any]], int]) -> int:
    """Change rows in batches of BATCH; return how many were changed.

    The search runs without locks, because it may scan the whole table. The condition is checked again under
    the lock: a row may have stopped matching in between.
    """
    changed = 0
    keys = first_keys(rows)
    while keys:
        with unhurried(), transaction.atomic():
            found = rows.model._default_manager.filter(pk__in=keys).order_by("pk")
            free = found.select_for_update(skip_locked=True).values_list("pk", flat=True)
            changed += change(rows.filter(pk__in=list(free)))
        keys = first_keys(rows.filter(pk__gt=keys[-1]))
    return changed


def first_keys(rows: QuerySet[Any]) -> list[Any]:
    with unhurried():
        return list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
