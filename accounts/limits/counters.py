"""The rows of the rate limiter, and its statements.

A window never lasts longer than its length, even if the clock was wrong when the window opened (D43): each
statement shortens a window that ends too late, and keeps its count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.exceptions import RateLimited
from accounts.limits.budgets import NONE, Budget, Ceiling, Claim
from accounts.limits.wording import refusal_of
from accounts.models import RateLimit
from accounts.models.clocks import CLOCK_SKEW

FAILURES_COUNT_FOR = timedelta(hours=1)
# A failure that was stored after an attempt began, or by another machine, is not from a clock that was wrong.

NO_LIMIT = 2**31 - 1  # the largest count of the column


@dataclass(frozen=True)
class Counter:
    """One window of one claim. `resets_at` is when it closes: if it opened now, or as stored.

    `above` has the lower limits of this window, by the names of their ceilings.
    """

    key: str
    limit: int
    resets_at: datetime
    budget: Budget
    above: Mapping[str, int]
    seconds: int

    @property
    def failure_key(self) -> str:
        return f"{self.key}:failed"


@dataclass(frozen=True)
class Taken:
    """What is stored after an attempt was taken."""

    count: int
    resets_at: datetime


# Nothing is written if any budget is used up, so that a flood of refused attempts leaves nothing behind. Rows
# are locked in the order of VALUES. Keys are sorted, so two reservations can't deadlock.
TAKE = """
INSERT INTO accounts_ratelimit AS stored (key, count, resets_at)
SELECT column1, column2, column3 FROM (VALUES {rows}) AS attempt WHERE NOT EXISTS (
    SELECT 1 FROM accounts_ratelimit AS known
    WHERE known.key IN ({keys}) AND known.resets_at > %s AND known.count >= CASE known.key {limits} END
)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN stored.resets_at <= %s THEN 0 ELSE stored.count END + excluded.count,
    resets_at = CASE WHEN stored.resets_at <= %s OR stored.resets_at > excluded.resets_at
        THEN excluded.resets_at ELSE stored.resets_at END
WHERE stored.resets_at <= %s OR stored.count < CASE stored.key {written_limits} END
RETURNING key, resets_at, count
"""
# A count of 0 gives an attempt back, 1 counts a success. If the window has closed in between, give nothing
# back: the attempt must not count for the next window, which ends later. (The same window may end earlier
# than it did, see D43.) Successes count in any case.
SETTLE = """
INSERT INTO accounts_ratelimit AS stored (key, count, resets_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN excluded.count = 0 THEN stored.count - 1
        WHEN stored.resets_at <= %s THEN 1 ELSE stored.count + 1 END,
    resets_at = CASE WHEN excluded.count > 0
        AND (stored.resets_at <= %s OR stored.resets_at > excluded.resets_at)
        THEN excluded.resets_at ELSE stored.resets_at END
WHERE excluded.count > 0 OR stored.resets_at <= excluded.resets_at AND stored.count > 0
"""
USED_UP = """
SELECT key, resets_at FROM accounts_ratelimit
WHERE key IN ({keys}) AND resets_at > %s AND count >= CASE key {limits} END
"""


@cache
def take_sql(written: int, looked_at: int) -> str:
    """Return TAKE for so many counters that are written, out of so many that must not be used up."""
    return TAKE.format(
        rows=rows_of(written),
        keys=keys_of(looked_at),
        limits=limits_of(looked_at),
        written_limits=limits_of(written),
    )


@cache
def settle_sql(written: int) -> str:
    return SETTLE.format(rows=rows_of(written))


@cache
def used_up_sql(looked_at: int) -> str:
    return USED_UP.format(keys=keys_of(looked_at), limits=limits_of(looked_at))


def rows_of(number: int) -> str:
    return ", ".join(["(%s, %s, %s)"] * number)


def keys_of(number: int) -> str:
    return ", ".join(["%s"] * number)


def limits_of(number: int) -> str:
    return " ".join(["WHEN %s THEN %s"] * number)


def counters_of(claims: Iterable[Claim], now: datetime) -> list[Counter]:
    counters = [
        Counter(
            f"{budget.name}:{subject}:{seconds}",
            limit,
            now + timedelta(seconds=seconds),
            budget,
            budget.above if seconds == budget.shortest else NONE,
            seconds,
        )
        for budget, subject in claims
        for limit, seconds in budget.windows
    ]
    return sorted(counters, key=lambda counter: counter.key)


def take(counters: Sequence[Counter], now: datetime) -> dict[str, Taken]:
    """Take one attempt from each counter; return what was taken, by key. What is used up is missing.

    If any of them is used up already, nothing is taken. Budgets of successes are looked at, and not written.
    """
    written = [counter for counter in counters if is_written(counter)]
    if not written:
        return {}
    adapt = connection.ops.adapt_datetimefield_value
    parameters: list[Any] = []
    for counter in written:
        parameters += [counter.key, 1, adapt(counter.resets_at)]
    parameters += [*looked_at(counters, now), *[adapt(now)] * 3, *limits_by_key(written)]
    with connection.cursor() as cursor:
        cursor.execute(take_sql(len(written), len(counters)), parameters)
        return {key: Taken(count, as_datetime(resets_at)) for key, resets_at, count in cursor.fetchall()}


def refusing(counters: Sequence[Counter], taken: Mapping[str, Taken], now: datetime) -> list[Counter]:
    """Return the counters because of which not all was taken; [] if all was."""
    written = [counter for counter in counters if is_written(counter)]
    if taken:
        return [counter for counter in written if counter.key not in taken]
    found = [counter for counter, _until in used_up(counters, now)]
    if found or not written:
        return found
    # What was used up has been given back in between. The next attempt is free.
    return [min(written, key=lambda counter: counter.seconds)]


def is_written(counter: Counter) -> bool:
    """Return whether an attempt is written to this counter: successes are, only when it succeeds."""
    return not counter.budget.of_successes


def used_up(counters: Sequence[Counter], now: datetime) -> list[tuple[Counter, datetime]]:
    """Return each counter that is used up, and when its window closes, with one statement."""
    if not counters:
        return []
    by_key = {counter.key: counter for counter in counters}
    with connection.cursor() as cursor:
        cursor.execute(used_up_sql(len(counters)), looked_at(counters, now))
        return [
            (by_key[key], min(as_datetime(resets_at), by_key[key].resets_at))
            for key, resets_at in cursor.fetchall()
        ]


def looked_at(counters: Sequence[Counter], now: datetime) -> list[Any]:
    """Return the parameters of a look at these counters: their keys, the time, and their limits."""
    keys = [counter.key for counter in counters]
    return [*keys, connection.ops.adapt_datetimefield_value(now), *limits_by_key(counters)]


def limits_by_key(counters: Sequence[Counter]) -> Iterator[Any]:
    for counter in counters:
        yield counter.key
        yield NO_LIMIT if isinstance(counter.budget, Ceiling) else counter.limit


def settle(counters: Sequence[Counter]) -> None:
    """Give back what was taken, and add 1 to budgets of successes, in one statement."""
    if not counters:
        return
    adapt = connection.ops.adapt_datetimefield_value
    parameters: list[Any] = []
    for counter in counters:
        parameters += [counter.key, 1 if counter.budget.of_successes else 0, adapt(counter.resets_at)]
    now = adapt(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(settle_sql(len(counters)), [*parameters, now, now])


def refusal(refused: Sequence[Counter], now: datetime) -> RateLimited:
    """Return the exception for these counters: it says what the one that closes last says.

    Its seconds, 1 at least, are those until all of them have closed.
    """
    latest = {counter.key: counter.resets_at for counter in refused}
    closings = {refused[0].key: now}
    for row in RateLimit.objects.filter(key__in=latest):
        if row.resets_at > latest[row.key]:
            shorten(counter for counter in refused if counter.key == row.key)
        closings[row.key] = min(row.resets_at, latest[row.key])
    last = max(closings, key=lambda key: closings[key])
    told = next(counter.budget.told for counter in refused if counter.key == last)
    return refusal_of(told, max(1, round((closings[last] - now).total_seconds())))


def shorten(counters: Iterable[Counter]) -> None:
    """Have windows that end too late last their length from now on, whether they are used up or not."""
    for counter in counters:
        too_late = RateLimit.objects.filter(key=counter.key, resets_at__gt=counter.resets_at)
        too_late.update(resets_at=counter.resets_at)


def forget_later(counter: Counter) -> None:
    """Delete the row of this counter if it ends later than it can: the clock was wrong when it was made."""
    RateLimit.objects.filter(key=counter.key, resets_at__gt=counter.resets_at).delete()


def remember_failure(counters: Iterable[Counter]) -> None:
    """Store that these subjects failed now."""
    until = timezone.now() + FAILURES_COUNT_FOR
    rows = [RateLimit(key=counter.failure_key, count=1, resets_at=until) for counter in counters]
    RateLimit.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["key"], update_fields=["resets_at"]
    )


def have_failed(counters: Iterable[Counter]) -> set[str]:
    """Return the keys of the counters whose subjects failed within the last hour."""
    now = timezone.now()
    by_failure = {counter.failure_key: counter.key for counter in counters}
    failed = RateLimit.objects.filter(
        key__in=by_failure,
        resets_at__gt=now,
        resets_at__lte=now + FAILURES_COUNT_FOR + CLOCK_SKEW,
    )
    return {by_failure[key] for key in failed.values_list("key", flat=True)}


def as_datetime(value: Any) -> datetime:
    """Return an aware datetime. SQLite returns the stored text, PostgreSQL a datetime."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value.tzinfo else timezone.make_aware(value, timezone.get_default_timezone())
