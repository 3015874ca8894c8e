"""Limit how often something may be done."""

from accounts.limits.budgets import Budget, BySource, ByWidestSource, Ceiling, Claim
from accounts.limits.limiter import Attempt, attempt, closed_until, reserve
from accounts.limits.wording import Told, refusal_of

__all__ = [
    "Attempt",
    "Budget",
    "BySource",
    "ByWidestSource",
    "Ceiling",
    "Claim",
    "Told",
    "attempt",
    "closed_until",
    "refusal_of",
    "reserve",
]
