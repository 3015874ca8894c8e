"""Rotate the encryption keys: seal again what is sealed under an old key, while the site is running.

It works in small batches, each in its own transaction, so it can be killed and started again at any time.
A partial rotation is harmless: old keys decrypt and are compared as long as they are in ENCRYPTION_KEYS.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.audit import Actor, Event, record
from accounts.crypto.columns import SealedColumn, sealed_columns
from accounts.database.timeouts import unhurried
from accounts.exceptions import DecryptionFailed

MOST_PASSES = 10  # over one column; if they don't suffice, a server keeps writing under an old key


@dataclass
class Progress:
    """The progress of one pass over a column, in rows."""

    column: SealedColumn
    rows: int
    looked_at: int = 0
    resealed: int = 0
    skipped: int = 0  # locked or changed by others: the next pass takes them
    unreadable: int = 0  # can't be opened

    @property
    def found_nothing(self) -> bool:
        return not self.resealed and not self.skipped


@dataclass(frozen=True)
class Outcome:
    """The result for one column: how many values were sealed again, and the last pass."""

    resealed: int
    last: Progress

    @property
    def is_good(self) -> bool:
        return self.last.found_nothing and not self.last.unreadable


Report = Callable[[Progress], None]


def rotate(*, actor: Actor, report: Report) -> list[Outcome]:
    """Seal everything under the current key; return the outcome of each column. Safe to run concurrently."""
    with transaction.atomic():  # first, so that a rotation that is killed is recorded, too
        record(Event.KEY_ROTATION_STARTED, actor=actor, subject="site")
    outcomes = [rotate_column(column, report) for column in sealed_columns.values()]
    if resealed := sum(outcome.resealed for outcome in outcomes):
        with transaction.atomic():
            record(Event.KEYS_ROTATED, actor=actor, subject="site", values=resealed)
    return outcomes


def rotate_column(column: SealedColumn, report: Report) -> Outcome:
    """Make passes over a column until one finds nothing to write, MOST_PASSES at most."""
    resealed = 0
    for _pass in range(MOST_PASSES):
        with unhurried():
            progress = Progress(column, rows=column.rows().count())
        for batch in column.batches():
            began = time.monotonic()
            wrote = reseal(column, batch, progress)
            report(progress)
            if wrote:  # leave half of the time to the site, whose writes may wait for ours
                time.sleep(time.monotonic() - began)
        resealed += progress.resealed
        if progress.found_nothing:
            break
    return Outcome(resealed, progress)


def reseal(column: SealedColumn, batch: list[Any], progress: Progress) -> int:
    """Seal the rows of this batch that are under an old key again; return how many were written."""
    stale: dict[int, tuple[str, dict[str, str]]] = {}
    for row in batch:
        try:
            if changes := column.resealed(row):
                stale[row.pk] = getattr(row, column.field), changes
        except DecryptionFailed:
            progress.unreadable += 1
    wrote = write(column, stale) if stale else 0
    progress.looked_at += len(batch)
    progress.resealed += wrote
    progress.skipped += len(stale) - wrote
    return wrote


def write(column: SealedColumn, stale: dict[int, tuple[str, dict[str, str]]]) -> int:
    rows = column.model._default_manager.all()
    with transaction.atomic():
        # Skip locked rows: a transaction that never waits for a lock can't deadlock. Skip rows that have
        # changed since they were read: the site may have written another value.
        free = rows.filter(pk__in=stale).select_for_update(skip_locked=True, no_key=True)
        unchanged = [row for row in free if getattr(row, column.field) == stale[row.pk][0]]
        for row in unchanged:
            for name, value in stale[row.pk][1].items():
                setattr(row, name, value)
        return rows.bulk_update(unchanged, filter(None, [column.field, column.digest_field]))
