"""The rows of the rate limiter.

A window never lasts longer than its length, even if the clock was wrong when the window opened (D43): each
statement shortens a window that ends too late, and keeps its count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.db import connection
from django.utils import timezone

from accounts.exceptions import RateLimited
from accounts.limits.budgets import NONE, Budget, Ceiling, Claim
from accounts.limits.statements import settle_sql, take_sql, used_up_sql
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


Refused: TypeAlias = tuple[Counter, datetime]  # a counter that refuses, and the end of its window as stored


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


def refusing(counters: Sequence[Counter], taken: Mapping[str, Taken], now: datetime) -> list[Refused]:
    """Return the counters because of which not all was taken; [] if all was."""
    written = [counter for counter in counters if is_written(counter)]
    if written and all(counter.key in taken for counter in written):
        return []
    found = used_up([counter for counter in counters if counter.key not in taken], now)
    if found or not written:
        return found
    # What was used up has been given back in between: the next attempt is free at once.
    return [(written[0], now)]


def is_written(counter: Counter) -> bool:
    """Return whether an attempt is written to this counter: successes are, only when it succeeds."""
    return not counter.budget.of_successes


def used_up(counters: Sequence[Counter], now: datetime) -> list[Refused]:
    """Return the counters that are used up, with one statement."""
    if not counters:
        return []
    by_key = {counter.key: counter for counter in counters}
    with connection.cursor() as cursor:
        cursor.execute(used_up_sql(len(counters)), looked_at(counters, now))
        return [(by_key[key], as_datetime(resets_at)) for key, resets_at in cursor.fetchall()]


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


def refusal(refused: Sequence[Refused], now: datetime) -> RateLimited:
    """Return the exception for these counters: it says what the one that closes last says.

    Its seconds, 1 at least, are those until all of them have closed. Windows that end too late end in time
    from now on.
    """
    shorten(counter for counter, stored in refused if stored > counter.resets_at)
    closings = [(closing(counter, stored), counter) for counter, stored in refused]
    last, counter = max(closings, key=lambda each: each[0])
    return refusal_of(counter.budget.told, max(1, round((last - now).total_seconds())))


def closing(counter: Counter, stored: datetime) -> datetime:
    """Return when a window closes that is stored with this end: no later than if it opened now."""
    return min(stored, counter.resets_at)


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
