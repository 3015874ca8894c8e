"""Count and name rows, in sentences of `doctor`."""

from typing import Any

from django.db.models import QuerySet

NAMED = 5


def named(rows: QuerySet[Any]) -> str:
    """Return for example "3 rows (4, 7, 9)", with the first primary keys; "" without rows."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[: NAMED + 1])
    if not keys:
        return ""
    number = len(keys) if len(keys) <= NAMED else rows.count()
    listed = ", ".join(map(str, keys[:NAMED])) + (", ..." if len(keys) > NAMED else "")
    return f"{number} {'row' if number == 1 else 'rows'} ({listed})"
