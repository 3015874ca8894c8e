"""Limit how often something may be done."""

from accounts.limits.limiter import Attempt, Budget, attempt, reserve

__all__ = [
    "Attempt",
    "Budget",
    "attempt",
    "reserve",
]
