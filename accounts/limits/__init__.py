"""Limit how often something may be done."""

from accounts.limits.budgets import Budget, BySource, ByWidestSource, Ceiling, Claim
from accounts.limits.limiter import Attempt, attempt, reserve
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
    "refusal_of",
    "reserve",
]
