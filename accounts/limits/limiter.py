"""The rate limiter: spend budgets before an attempt.

Counters are in the database: all workers share them, and they survive a restart (R17). A window opens with
its first attempt and closes `seconds` later. One statement reserves in all windows at once; if any of them is
used up, nothing is written and RateLimited is raised.

A window never lasts longer than its length, even if the clock was wrong when the window opened (D43): each
statement shortens a window that ends too late, and keeps its count.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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

    A budget `of_successes` counts successes instead: an attempt is refused when the budget is used up, but only
    `Attempt.succeeded()` spends it. Attempts at the same moment are all checked before the first one is spent,
    so they can exceed the budget by their number.
    """

    def __init__(
        self, name: str, *windows: tuple[int, int], alarm: str = "", of_successes: bool = False
    ) -> None:
        self.name = name
        self.windows = windows
        self.alarm = alarm
        self.of_successes = of_successes


@dataclass(frozen=True)
class Counter:
    key: str
    limit: int
    resets_at: datetime
    alarm: str = ""
    of_successes: bool = False


@dataclass(frozen=True)
class Attempt:
    """The attempt that `reserve` took from each budget."""

    counters: tuple[Counter, ...]

    def succeeded(self) -> None:
        """Give this attempt back, but no earlier failures; spend the budgets of successes.

        Call it in the transaction of the success, and last there: it locks shared counters, and others wait
        for them until the transaction ends.
        After the commit nothing of the attempt may follow: a later failure would be given back, too.
        """
        settle(self.counters)

    def undo(self) -> None:
        """Give this attempt back without counting a success: nothing was tried. Call it in a transaction."""
        settle(tuple(counter for counter in self.counters if not counter.of_successes))


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
            spent.undo()
        raise


# Rows are locked in the order of VALUES. Keys are sorted, so two reservations can't deadlock. A budget of
# successes adds 0 here.
RESERVE = """
INSERT INTO accounts_ratelimit AS stored (key, count, resets_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN stored.resets_at <= %s THEN 0 ELSE stored.count END + excluded.count,
    resets_at = CASE WHEN stored.resets_at <= %s OR stored.resets_at > excluded.resets_at
        THEN excluded.resets_at ELSE stored.resets_at END
WHERE stored.resets_at <= %s OR stored.count < CASE stored.key {limits} END
RETURNING key, resets_at, count
"""
# If the window has closed in between, give nothing back: the attempt must not count for the next window, which
# ends later. (The same window may end earlier than it did: see D43.) Successes are counted in any case.
SETTLE = """
INSERT INTO accounts_ratelimit AS stored (key, count, resets_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET count = stored.count + CASE WHEN excluded.count > 0 THEN 1 ELSE -1 END
WHERE excluded.count > 0 OR stored.resets_at <= excluded.resets_at AND stored.count > 0
"""


def counters_of(claims: Iterable[tuple[Budget, str]], now: datetime) -> list[Counter]:
    counters = [
        Counter(
            f"{budget.name}:{subject}:{seconds}",
            limit,
            now + timedelta(seconds=seconds),
            budget.alarm,
            budget.of_successes,
        )
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
    return Attempt(tuple(replace(c, resets_at=as_datetime(taken[c.key][0])) for c in counters))


def statement_of(counters: list[Counter], now: datetime) -> tuple[str, list[Any]]:
    adapt = connection.ops.adapt_datetimefield_value
    parameters: list[Any] = []
    for counter in counters:
        parameters += [counter.key, 0 if counter.of_successes else 1, adapt(counter.resets_at)]
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
    refused = {counter.key: counter for counter in counters if counter.key not in taken}
    closings = [now]
    for row in RateLimit.objects.filter(key__in=refused):
        latest = refused[row.key].resets_at
        if row.resets_at > latest:  # the clock was wrong: the window lasts its length from now on (D43)
            RateLimit.objects.filter(key=row.key, resets_at__gt=latest).update(resets_at=latest)
        closings.append(min(row.resets_at, latest))
    return max(1, round((max(closings) - now).total_seconds()))


def settle(counters: tuple[Counter, ...]) -> None:
    """Give back what was reserved, and add 1 to budgets of successes, in one statement."""
    if not counters:
        return
    adapt = connection.ops.adapt_datetimefield_value
    parameters: list[Any] = []
    for counter in counters:
        parameters += [counter.key, 1 if counter.of_successes else 0, adapt(counter.resets_at)]
    rows = ", ".join(["(%s, %s, %s)"] * len(counters))
    with connection.cursor() as cursor:
        cursor.execute(SETTLE.format(rows=rows), parameters)


def as_datetime(value: Any) -> datetime:
    """Return an aware datetime. SQLite returns the stored text, PostgreSQL a datetime."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value.tzinfo else timezone.make_aware(value, timezone.get_default_timezone())
