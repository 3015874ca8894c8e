"""Tell the operator that a limit by network was used up, and which setting raises it.

Once in each window, in each process: refusals write nothing to the database, and may come in floods. What is
logged names the network, as audit events do, and nobody.
"""

import logging
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.limits.budgets import Budget
from accounts.limits.counters import Counter

logger = logging.getLogger(__name__)

MOST_NOTED = 1_000  # in memory; when reached, all are forgotten


class Notices:
    """Logs what was refused, each window once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.noted: dict[str, datetime] = {}  # by key, until when

    def log(self, refused: Iterable[Counter], now: datetime) -> None:
        """Log the budgets among these that a setting raises, unless they were logged in this window."""
        for counter in refused:
            if counter.budget.setting and not counter.budget.alarm and self.is_new(counter, now):
                logger.warning("%s", sentence(counter))

    def is_new(self, counter: Counter, now: datetime) -> bool:
        with self.lock:
            until = self.noted.get(counter.key)
            if until is not None and now < until <= now + timedelta(seconds=counter.seconds):
                return False
            if len(self.noted) >= MOST_NOTED:
                self.noted.clear()
            self.noted[counter.key] = counter.resets_at
            return True


def sentence(counter: Counter) -> str:
    budget = counter.budget
    network = counter.key.removeprefix(f"{budget.name}:").removesuffix(f":{counter.seconds}") or "unknown"
    used_up = f"Limit {budget.name} is used up for {network}: {counter.limit} in {length(counter.seconds)}"
    return f"{used_up}. {what_to_do(budget)}"


def what_to_do(budget: Budget) -> str:
    if budget.is_larger:
        return f"It is in {budget.setting} already: somebody there may be guessing, or a program in a loop."
    return f"If many people share it, add it to {budget.setting} (docs/limits.md)."


def length(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes} minutes" if seconds < 7200 else f"{minutes // 60} hours"


notices = Notices()
