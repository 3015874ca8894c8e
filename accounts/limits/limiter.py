"""The rate limiter: spend budgets before an attempt.

Counters are in the database: all workers share them, and they survive a restart (R17). A window opens with
its first attempt and closes `seconds` later. One statement reserves in all windows at once; if any of them is
used up, nothing is written and RateLimited is raised.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.exceptions import DecryptionFailed, RateLimited
from accounts.models import RateLimit

logger = logging.getLogger(__name__)


class Budget:
    """How many attempts each subject has. `windows` are pairs of (attempts, seconds).

    `alarm` is logged as an error, once per window, by the attempt that uses the window up.
    """

    def __init__(self, name: str, *windows: tuple[int, int], alarm: str = "") -> None:
        self.name = name
        self.windows = windows
        self.alarm = alarm


@dataclass(frozen=True)
class Counter:
    key: str
    limit: int
    resets_at: datetime
    alarm: str = ""


@dataclass(frozen=True)
class Attempt:
    """The attempt that `reserve` took from each budget."""

    counters: tuple[Counter, ...]

    def succeeded(self) -> None:
        """Give this attempt back, but no earlier failures. Call it in the transaction of the success.

        Call it last there: it locks shared counters, and others wait for them until the transaction ends.
        After the commit nothing of the attempt may follow: a later failure would be given back, too.
        """
        give_back(self.counters)


@contextmanager
def attempt(*claims: tuple[Budget, str]) -> Iterator[Attempt]:
    """Spend one attempt of each (budget, subject), then run the block. Raises RateLimited.

    The attempt stays spent whatever happens in the block. Only `succeeded()` and DecryptionFailed give it
    back: the latter means that the server has a wrong key, not that somebody guessed.
    """
    spent = reserve(*claims)
    try:
        yield spent
    except DecryptionFailed:
        with transaction.atomic():
            give_back(spent.counters)
        raise


# Rows are locked in the order of VALUES. Keys are sorted, so two reservations can't deadlock.
RESERVE = """
INSERT INTO accounts_ratelimit AS stored (key, count, resets_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN stored.resets_at <= %s THEN 1 ELSE stored.count + 1 END,
    resets_at = CASE WHEN stored.resets_at <= %s THEN excluded.resets_at ELSE stored.resets_at END
WHERE stored.resets_at <= %s OR stored.count < CASE stored.key {limits} END
RETURNING key, resets_at, count
"""
# If the window has closed in between, give nothing back: the attempt must not count for the next window.
GIVE_BACK = """
INSERT INTO accounts_ratelimit AS stored (key, count, resets_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET count = stored.count - 1
WHERE stored.resets_at = excluded.resets_at AND stored.count > 0
"""


def counters_of(claims: Iterable[tuple[Budget, str]], now: datetime) -> list[Counter]:
    counters = [
        Counter(f"{budget.name}:{subject}:{seconds}", limit, now + timedelta(seconds=seconds), budget.alarm)
        for budget, subject in claims
        for limit, seconds in budget.windows
    ]
    return sorted(counters, key=lambda counter: counter.key)


def reserve(*claims: tuple[Budget, str]) -> Attempt:
    """Spend one attempt of each (budget, subject), or raise RateLimited and spend none.

    Call it before the attempt and outside any transaction, so that no rollback can undo it.
    """
    now = timezone.now()
    counters = counters_of(claims, now)
    never = [counter.resets_at for counter in counters if counter.limit < 1]
    if never:
        raise RateLimited(round((max(never) - now).total_seconds()))
    statement, parameters = statement_of(counters, now)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        taken = {key: (resets_at, count) for key, resets_at, count in cursor.fetchall()}
        if len(taken) < len(counters):
            transaction.set_rollback(True)
    if len(taken) < len(counters):
        raise RateLimited(retry_after(counters, taken, now))
    for counter in counters:
        if counter.alarm and taken[counter.key][1] == counter.limit:
            logger.error(counter.alarm)
    return Attempt(tuple(Counter(c.key, c.limit, as_datetime(taken[c.key][0])) for c in counters))


def statement_of(counters: list[Counter], now: datetime) -> tuple[str, list[Any]]:
    adapt = connection.ops.adapt_datetimefield_value
    parameters: list[Any] = []
    for counter in counters:
        parameters += [counter.key, 1, adapt(counter.resets_at)]
    parameters += [adapt(now)] * 3
    for counter in counters:
        parameters += [counter.key, counter.limit]
    statement = RESERVE.format(
        rows=", ".join(["(%s, %s, %s)"] * len(counters)),
        limits=" ".join(["WHEN %s THEN %s"] * len(counters)),
    )
    return statement, parameters


def retry_after(counters: list[Counter], taken: dict[str, Any], now: datetime) -> int:
    """Return the seconds until all windows that refused have closed, 1 at least."""
    refused = [counter.key for counter in counters if counter.key not in taken]
    latest = RateLimit.objects.filter(key__in=refused).order_by("-resets_at").first()
    return max(1, round((latest.resets_at - now).total_seconds())) if latest else 1


def give_back(counters: tuple[Counter, ...]) -> None:
    adapt = connection.ops.adapt_datetimefield_value
    parameters: list[Any] = []
    for counter in counters:
        parameters += [counter.key, 0, adapt(counter.resets_at)]
    rows = ", ".join(["(%s, %s, %s)"] * len(counters))
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK.format(rows=rows), parameters)


def as_datetime(value: Any) -> datetime:
    """Return an aware datetime. SQLite returns the stored text, PostgreSQL a datetime."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value.tzinfo else timezone.make_aware(value, timezone.get_default_timezone())
