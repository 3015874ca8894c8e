"""Count what happens. Each label has a value of a closed list, so nobody can blow up the number of series."""

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from threading import Lock
from typing import TypeAlias

from django.conf import settings
from prometheus_client import Counter

from accounts.metrics.slots import count_in_slots
from accounts.plugins import Registry

logger = logging.getLogger(__name__)

PREFIX = "tfc_auth_"
OTHER = "other"  # the label of what is in no list
Values: TypeAlias = Iterable[str] | str  # the values, or the name of the list that has them

# Lists of values that rooms above know, by name.
closed_lists: Registry[Callable[[], Iterable[str]]] = Registry()
# Every counter of the product, by name.
tallies: "dict[str, Tally]" = {}
lock = Lock()


class Tally:
    """A counter of events; its name on the page of metrics is `tfc_auth_<name>_total`."""

    is_slotted = False
    has_failed = False

    def __init__(self, name: str, described: str, **labels: Values) -> None:
        self.name = PREFIX + name
        self.described = described
        self.labels = labels
        self.made: Counter | None = None
        tallies[name] = self

    def count(self, *labels: str) -> None:
        """Count one event with these label values, in the order of the labels. Never raises."""
        if not settings.METRICS_PEERS:
            return
        try:
            known = [
                label if label in allowed else OTHER
                for label, allowed in zip(labels, self.allowed(), strict=True)
            ]
            (self.counter.labels(*known) if known else self.counter).inc()
        except Exception as error:  # the request goes on: its figures are worth less than its answer
            if not Tally.has_failed:
                Tally.has_failed = True
                logger.error("Nothing is counted; look at METRICS_DIR: %s", type(error).__name__)

    def allowed(self) -> list[list[str]]:
        """Return the values that each label may have, without OTHER."""
        return [
            list(closed_lists[values]()) if isinstance(values, str) else list(values)
            for values in self.labels.values()
        ]

    def combinations(self) -> Iterator[tuple[str, ...]]:
        """Yield all label values that there can be: a series is there, as 0, before its first event."""
        return product(*(dict.fromkeys([*values, OTHER]) for values in self.allowed()))

    @property
    def counter(self) -> Counter:
        # Made at the first event: a process that only starts others has no file. Made once, however many
        # threads see the first event at the same moment: two counters would overwrite each other's sums.
        with lock:
            if self.made is None:
                if not Tally.is_slotted:
                    count_in_slots()
                    Tally.is_slotted = True
                self.made = Counter(self.name, self.described, list(self.labels), registry=None)
            return self.made
