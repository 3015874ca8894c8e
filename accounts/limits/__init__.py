"""Limit how often something may be done."""

from accounts.limits.budgets import Budget, BySource, ByWidestSource, Ceiling, Claim
from accounts.limits.limiter import Attempt, attempt, closed_until, reserve
from accounts.limits.under_lock import Guess, guess
from accounts.limits.wording import Told, refusal_of

__all__ = [
    "Attempt",
    "Budget",
    "BySource",
    "ByWidestSource",
    "Ceiling",
    "Claim",
    "Guess",
    "Told",
    "attempt",
    "closed_until",
    "guess",
    "refusal_of",
    "reserve",
]
