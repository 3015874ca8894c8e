"""The rate limiter: spend budgets before an attempt.

Counters are in the database: all workers share them, and they survive a restart (R17). A window opens with
its first attempt and closes `seconds` later. One statement reserves in all windows at once; if any of them is
used up, nothing is written and RateLimited is raised.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.exceptions import DecryptionFailed, Overloaded, RateLimited
from accounts.limits import counters as rows
from accounts.limits import counts
from accounts.limits.budgets import Budget, Ceiling, Claim
from accounts.limits.counters import Counter, Refused, Taken
from accounts.limits.notices import notices
from accounts.limits.wording import refusal_of

logger = logging.getLogger(__name__)
NOTED = Budget("")  # the rows that say that an alarm was raised


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
        rows.settle(self.counters)

    def failed(self) -> None:
        """Remember the failure for the budgets that ask for it. The attempt stays spent in any case."""
        rows.remember_failure(counter for counter in self.counters if counter.budget.if_failed)

    def undo(self) -> None:
        """Give this attempt back without counting a success: nothing was tried. Call it in a transaction."""
        rows.settle([counter for counter in self.counters if not counter.budget.of_successes])


@contextmanager
def attempt(*claims: Claim) -> Iterator[Attempt]:
    """Spend one attempt of each (budget, subject), then run the block. Raises RateLimited.

    The attempt stays spent whatever happens in the block. Only `succeeded()`, DecryptionFailed and Overloaded
    give it back: the latter two mean that the server could not look at it, not that somebody guessed.
    """
    spent = reserve(*claims)
    try:
        yield spent
    except (DecryptionFailed, Overloaded):
        with transaction.atomic():
            spent.undo()
        raise


def reserve(*claims: Claim) -> Attempt:
    """Spend one attempt of each (budget, subject), or raise RateLimited and spend none.

    Without claims it does nothing. Call it before the attempt and outside any transaction, so that no
    rollback can undo it.
    """
    now = timezone.now()
    counters = rows.counters_of(claims, now)
    if not counters:
        return Attempt(())
    if never := [counter for counter in counters if counter.limit < 1]:
        counts.refused(counter.budget.family for counter in never)
        last = max(never, key=lambda counter: counter.resets_at)
        raise refusal_of(last.budget.told, round((last.resets_at - now).total_seconds()))
    with transaction.atomic(durable=True):
        taken = rows.take(counters, now)
        refused = rows.refusing(counters, taken, now) or refused_above_ceiling(counters, taken)
        if refused and taken:  # a rollback costs a connection its prepared statements
            transaction.set_rollback(True)
    if refused:
        raise refusal(refused, now)
    raise_alarms(counters, taken, now)
    return Attempt(tuple(as_stored(counter, taken) for counter in counters))


def refusal(refused: Sequence[Refused], now: datetime) -> RateLimited:
    """Log and count that these counters refuse, and return the exception. Call it outside a transaction."""
    notices.log([counter for counter, _stored in refused], now)
    counts.refused(counter.budget.family for counter, _stored in refused)
    return rows.refusal(refused, now)


def as_stored(counter: Counter, taken: dict[str, Taken]) -> Counter:
    """Return the counter with the end of its window as it is stored; budgets of successes have no row yet."""
    stored = taken.get(counter.key)
    return counter if stored is None else replace(counter, resets_at=stored.resets_at)


def closed_until(*claims: Claim) -> dict[str, datetime]:
    """Return when each of these budgets that is used up lets somebody try again, by name. Spends nothing."""
    now = timezone.now()
    found: dict[str, datetime] = {}
    for counter, stored in rows.used_up(rows.counters_of(claims, now), now):
        until = rows.closing(counter, stored)
        found[counter.budget.name] = max(until, found.get(counter.budget.name, now))
    return found


def refused_above_ceiling(counters: Sequence[Counter], taken: dict[str, Taken]) -> list[Refused]:
    """Return the counters that have more than their lower limit, while a ceiling is exceeded."""
    exceeded = {
        counter.budget.name
        for counter in counters
        if isinstance(counter.budget, Ceiling) and taken[counter.key].count > counter.limit
    }
    over = [
        counter
        for counter in counters
        for ceiling, limit in counter.above.items()
        if ceiling in exceeded and taken[counter.key].count > limit
    ]
    asked = [counter for counter in over if counter.budget.if_failed]
    failed = rows.have_failed(asked) if asked else set()
    return [
        (counter, taken[counter.key].resets_at)
        for counter in over
        if not counter.budget.if_failed or counter.key in failed
    ]


def raise_alarms(counters: Sequence[Counter], taken: dict[str, Taken], now: datetime) -> None:
    """Log the alarms of windows that were just used up, or exceeded; each window's alarm once."""
    for counter in counters:
        if not counter.budget.alarm:
            continue
        is_ceiling = isinstance(counter.budget, Ceiling)
        if taken[counter.key].count != counter.limit + is_ceiling:
            continue
        # Successes are given back, so that a window can be used up again and again.
        once = replace(counter, key=f"{counter.key}:alarm", resets_at=taken[counter.key].resets_at, limit=1)
        rows.forget_later(once)
        if rows.take([replace(once, budget=NOTED)], now):
            logger.log(logging.CRITICAL if is_ceiling else logging.ERROR, counter.budget.alarm)
