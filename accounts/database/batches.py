"""Changing many rows, some at a time: none is locked for long, and nobody is waited for who holds one."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

BATCH = 500


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete these rows, and return how many that were; what goes with them is not counted."""
    label = rows.model._meta.label
    return in_batches(rows, lambda free: free.delete()[1].get(label, 0))


def update_in_batches(rows: QuerySet[Any], **changes: Any) -> int:
    """Update these rows, and return how many that were."""
    return in_batches(rows, lambda free: free.update(**changes))


def in_batches(rows: QuerySet[Any], change: Callable[[QuerySet[Any]], int]) -> int:
    """Change some rows at a time, and return how many that were.

    Which ones is looked for without a lock (it may take a look at every row), and once more with it: a row
    may have come back to life in between.
    """
    changed = 0
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    while keys:
        with transaction.atomic():
            found = rows.model._default_manager.filter(pk__in=keys).order_by("pk")
            free = found.select_for_update(skip_locked=True).values_list("pk", flat=True)
            changed += change(rows.filter(pk__in=list(free)))
        keys = list(rows.filter(pk__gt=keys[-1]).order_by("pk").values_list("pk", flat=True)[:BATCH])
    return changed
