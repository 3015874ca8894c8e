"""How often something may be done."""

from accounts.limits.limiter import Budget, Reservation, give_back, reserve

__all__ = [
    "Budget",
    "Reservation",
    "give_back",
    "reserve",
]
