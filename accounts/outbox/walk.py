"""Walk through what is due, in the order of an index (`outbox_waiting`), and never over the same row again.

Each step reads as many rows as it returns, however many wait before them, behind them and of other kinds.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TypeAlias

from django.db.models import QuerySet
from django.utils import timezone

from accounts.database.seeking import behind
from accounts.database.timeouts import unhurried
from accounts.models import OutboxMessage
from accounts.models.outbox import WAITS
from accounts.outbox.carriers import carriers, urgent_kinds
from accounts.outbox.queue import beyond, free

Row: TypeAlias = tuple[int, str]  # id and kind


class Walk:
    """One way through the outbox, from what was due first on: all of an urgent kind before others."""

    def __init__(self) -> None:
        with unhurried():
            self.kinds = kinds_in_turn()
        self.passed: dict[str, tuple[datetime, int]] = {}  # by kind: where the walk is

    def step(self, most: int, *, without: Collection[str] = ()) -> list[Row]:
        """Return the next rows of one kind, `most` at most; none at the end. `without` these kinds."""
        with unhurried():
            for kind in self.kinds:
                if kind not in without and (found := self.next_of(kind, most)):
                    return [(pk, kind) for pk in found]
        return []

    def next_of(self, kind: str, most: int) -> list[int]:
        now = timezone.now()
        rows = free(now).filter(kind=kind)
        found = first(self.ahead(rows.filter(due_at__lte=now), kind), most)
        if found:
            self.passed[kind] = found[-1]
        else:  # those of a wrong clock do not come between the others
            found = first(rows.filter(due_at__gt=beyond(now)), most)
        return [pk for _due_at, pk in found]

    def ahead(self, rows: QuerySet[OutboxMessage], kind: str) -> QuerySet[OutboxMessage]:
        if kind not in self.passed:
            return rows
        return behind(rows, "due_at", *self.passed[kind])


def first(rows: QuerySet[OutboxMessage], most: int) -> list[tuple[datetime, int]]:
    return list(rows.order_by("due_at", "pk").values_list("due_at", "pk")[:most])


def kinds_in_turn() -> list[str]:
    """Return the kinds of messages: those that somebody waits for first, those without a carrier last."""
    return list(dict.fromkeys([*urgent_kinds(), *carriers, *kinds_waiting()]))


def kinds_waiting() -> Iterator[str]:
    """Yield each kind by a look of its own at the index: DISTINCT would read all that waits."""
    rows = OutboxMessage.objects.filter(WAITS).order_by("kind").values_list("kind", flat=True)
    kind = rows.first()
    while kind is not None:
        yield kind
        kind = rows.filter(kind__gt=kind).first()
