"""Limit how often something may be done."""

from accounts.limits.budgets import Budget, BySource, Ceiling, Claim
from accounts.limits.limiter import Attempt, attempt, reserve

__all__ = [
    "Attempt",
    "Budget",
    "BySource",
    "Ceiling",
    "Claim",
    "attempt",
    "reserve",
]
