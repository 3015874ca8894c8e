"""The registry of sealed columns: each application registers where its ciphertext is and how it was sealed.

`doctor` uses it to check that everything can be opened, key rotation (accounts/crypto/rotation.py) to seal
everything under the current key. Neither knows the models of the factors.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from accounts.crypto import sealing
from accounts.exceptions import DecryptionFailed
from accounts.plugins import Registry

BATCH = 100  # rows


@dataclass
class Tally:
    """How many values are sealed under the current key, under an old key, and cannot be opened."""

    current: int = 0
    old: int = 0
    unreadable: int = 0
    # The reasons of those that cannot be opened, and the rows of each.
    reasons: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.current + self.old + self.unreadable


@dataclass(frozen=True)
class SealedColumn:
    """One column of ciphertext, and the column with the keyed digest of the same text, if there is one."""

    model: type[models.Model]
    field: str
    context: Callable[[Any], str]  # takes a row, returns the context of its value
    digest_field: str = ""
    digest_purpose: Callable[[Any], str] | None = None
    relations: tuple[str, ...] = ()  # relations that the two functions read
    may_be_empty: bool = False

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.field}"

    def rows(self) -> models.QuerySet[Any]:
        return self.model._default_manager.exclude(**{self.field: ""})

    def empty(self) -> models.QuerySet[Any]:
        """Return the rows whose value is missing."""
        rows = self.model._default_manager.filter(**{self.field: ""})
        return rows.none() if self.may_be_empty else rows

    def batches(self) -> Iterator[list[Any]]:
        """Yield the rows in batches, in the order of their primary keys; one statement for each batch."""
        last = 0
        rows = self.rows().select_related(*self.relations) if self.relations else self.rows()
        while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
            yield batch
            last = batch[-1].pk

    def resealed(self, row: Any) -> dict[str, str]:
        """Return the changes that put the row under the current key; empty if it already is.

        Raises DecryptionFailed, without an alarm.
        """
        token, context = getattr(row, self.field), self.context(row)
        text = sealing.unseal(token, context)
        changes = {} if sealing.is_current(token) else {self.field: sealing.seal(text, context)}
        if self.digest_purpose is None:
            return changes
        stored, digests = getattr(row, self.digest_field), sealing.digests(text, self.digest_purpose(row))
        if stored not in digests:
            raise DecryptionFailed("its digest is of another value")
        if stored != digests[0]:
            changes[self.digest_field] = digests[0]
        return changes

    def tally(self) -> Tally:
        """Count the values by the state of their key. Reads the whole column and writes nothing."""
        tally = Tally()
        for row in (row for batch in self.batches() for row in batch):
            try:
                stands = "old" if self.resealed(row) else "current"
            except DecryptionFailed as failure:
                stands = "unreadable"
                tally.reasons.setdefault(failure.reason, []).append(row.pk)
            setattr(tally, stands, getattr(tally, stands) + 1)
        return tally


sealed_columns: Registry[SealedColumn] = Registry()
