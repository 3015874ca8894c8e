"""The verb of key rotation: what stands under an old key is sealed anew, while the site goes on.

In small batches, each a transaction of its own, so that it can be killed and started again at any moment.
Nothing depends on how far it came: old keys open and are compared for as long as they are in ENCRYPTION_KEYS.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.audit import Actor, Event, record
from accounts.crypto.columns import SealedColumn, sealed_columns
from accounts.exceptions import DecryptionFailed

MOST_PASSES = 10  # over one column; after that somebody keeps writing under an old key


@dataclass
class Progress:
    """How far a pass over a column has come."""

    column: SealedColumn
    rows: int
    looked_at: int = 0
    resealed: int = 0
    skipped: int = 0  # somebody else was writing them: the next pass takes them
    closed: int = 0

    @property
    def found_nothing(self) -> bool:
        return not self.resealed and not self.skipped


@dataclass(frozen=True)
class Outcome:
    """What became of a column: how many values were sealed anew, and how the last pass found it."""

    resealed: int
    last: Progress

    @property
    def is_good(self) -> bool:
        return self.last.found_nothing and not self.last.closed


Report = Callable[[Progress], None]


def rotate(*, actor: Actor, report: Report) -> list[Outcome]:
    """Seal everything under the current key; return what became of each column. Safe to run twice at once."""
    with transaction.atomic():  # first: a rotation that is killed has resealed what it has resealed
        record(Event.KEY_ROTATION_STARTED, actor=actor, subject="site")
    outcomes = [rotate_column(column, report) for column in sealed_columns.values()]
    if resealed := sum(outcome.resealed for outcome in outcomes):
        with transaction.atomic():
            record(Event.KEYS_ROTATED, actor=actor, subject="site", values=resealed)
    return outcomes


def rotate_column(column: SealedColumn, report: Report) -> Outcome:
    """Go over a column until there is nothing left to write: the last pass proves the ones before."""
    resealed = 0
    for _pass in range(MOST_PASSES):
        progress = Progress(column, rows=column.rows().count())
        for batch in column.batches():
            began = time.monotonic()
            wrote = renew(column, batch, progress)
            report(progress)
            if wrote:  # half of the time belongs to the site, whose writes may wait for ours
                time.sleep(time.monotonic() - began)
        resealed += progress.resealed
        if progress.found_nothing:
            break
    return Outcome(resealed, progress)


def renew(column: SealedColumn, batch: list[Any], progress: Progress) -> int:
    """Write what of this batch stands under an old key; return how many rows that were."""
    stale: dict[int, tuple[str, dict[str, str]]] = {}
    for row in batch:
        try:
            if changes := column.resealed(row):
                stale[row.pk] = getattr(row, column.field), changes
        except DecryptionFailed:
            progress.closed += 1
    wrote = write(column, stale) if stale else 0
    progress.looked_at += len(batch)
    progress.resealed += wrote
    progress.skipped += len(stale) - wrote
    return wrote


def write(column: SealedColumn, stale: dict[int, tuple[str, dict[str, str]]]) -> int:
    rows = column.model._default_manager.all()
    with transaction.atomic():
        # Only rows that nobody holds: who never waits for a lock is in no deadlock. And only where it still
        # is what was opened: the site may have put something else there.
        free = rows.filter(pk__in=stale).select_for_update(skip_locked=True, no_key=True)
        unchanged = [row for row in free if getattr(row, column.field) == stale[row.pk][0]]
        for row in unchanged:
            for name, value in stale[row.pk][1].items():
                setattr(row, name, value)
        return rows.bulk_update(unchanged, filter(None, [column.field, column.digest_field]))
