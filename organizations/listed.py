"""Name the first of many: ten for a sentence or a list, and how many there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import ngettext

NAMES_SHOWN = 10

M = TypeVar("M", bound=Model)


def listing(names: Sequence[str], number: int | None = None) -> str:
    """Return the names for a sentence: the first ten, and the number of the others.

    `number` is how many there are, if these are only the first of them.
    """
    shown = ", ".join(names[:NAMES_SHOWN])
    rest = (len(names) if number is None else number) - NAMES_SHOWN
    if rest <= 0:
        return shown
    return shown + " " + ngettext("and %(n)s more", "and %(n)s more", rest) % {"n": rest}


@dataclass(frozen=True)
class Listed:
    """The first of those who are to be named, and how many they are."""

    first: Sequence[str] = ()
    number: int = 0

    def __bool__(self) -> bool:
        return self.number > 0

    @property
    def is_whole(self) -> bool:
        """Whether the first are all of them."""
        return self.number <= len(self.first)

    @property
    def in_words(self) -> str:
        return listing(self.first, self.number)

    @classmethod
    def of(cls, rows: QuerySet[M], name: Callable[[M], str] = str) -> Self:
        """Read NAMES_SHOWN of these rows, and count them only if there are more."""
        found = list(rows[: NAMES_SHOWN + 1])
        number = rows.count() if len(found) > NAMES_SHOWN else len(found)
        return cls([name(row) for row in found[:NAMES_SHOWN]], number)


NOBODY = Listed()
