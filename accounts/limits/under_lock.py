"""Guesses that are counted under a lock: what is right writes nothing (docs/decisions/0019).

The counters of a user's codes change only while the user's lock is held. So one look under the lock says
whether a guess may be looked at, and only a wrong one is written. Passwords are different: their hash takes
too long for a lock, so they spend before and are given back (limiter.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from accounts.exceptions import DecryptionFailed, Overloaded
from accounts.limits import counters as rows
from accounts.limits.budgets import Budget, Ceiling, Claim
from accounts.limits.counters import Refused
from accounts.limits.limiter import refusal


class UsedUp(Exception):
    """A budget is used up. It leaves the transaction, outside which the refusal is logged and stored."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        super().__init__()
        self.refused = refused


class Guess:
    """One guess. Its counters must belong to a user whose lock every guess takes first."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        if any(does_more(budget) for budget, _subject in claims):
            raise TypeError(
                "a guess under a lock takes plain budgets: no alarm, no ceiling, none of successes"
            )
        self.now = timezone.now()
        self.counters = rows.counters_of(claims, self.now)
        self.admitted = False

    def admit(self) -> None:
        """Let the guess be looked at, unless a budget is used up. Call it once the lock is held."""
        if refused := rows.used_up(self.counters, self.now):
            raise UsedUp(refused)
        self.admitted = True

    def count(self) -> None:
        """Count the guess as a wrong one. Call it before anything else is written about it."""
        rows.take(self.counters, self.now)

    def count_after_error(self) -> None:
        """Count the guess once its transaction, and with it the lock, is gone.

        Others may have used up a window meanwhile. The other windows count it all the same.
        """
        with transaction.atomic(durable=True):
            for counter in self.counters:
                rows.take([counter], self.now)


def does_more(budget: Budget) -> bool:
    """Return whether this budget asks for what only a reservation does (limiter.py)."""
    special = budget.alarm or budget.above or budget.if_failed or budget.of_successes
    return bool(special) or isinstance(budget, Ceiling)


@contextmanager
def guess(*claims: Claim) -> Iterator[Guess]:
    """Run a block that locks, calls `admit()`, looks at the guess, and calls `count()` if it was wrong.

    The block opens the transaction, and nothing around it may. Whatever ends the block with an error after
    `admit()` rolls its writes back, so the guess is counted then in a transaction of its own: also a right
    one, because nobody can tell. DecryptionFailed and Overloaded mean that the server could not look at it.
    Raises RateLimited.
    """
    made = Guess(claims)
    try:
        yield made
    except UsedUp as error:
        raise refusal(error.refused, made.now) from None
    except (DecryptionFailed, Overloaded):
        raise
    except BaseException:
        if made.admitted:
            made.count_after_error()
        raise
