"""Count refusals of the limiter for the page of metrics."""

from collections.abc import Iterable

from accounts.audit.counts import GUESSES, LOCKOUTS
from accounts.limits.budgets import BUDGETS
from accounts.metrics import Tally

REFUSALS = Tally("limit_refusals", "Attempts that a used-up budget refused.", budget=BUDGETS)
# Requests a second over the API: in the memory of each process (throttle.py), so not among the budgets.
THROTTLED = Tally("api_requests_refused", "API requests above API_REQUESTS_PER_SECOND.")

# Budgets of guesses for one account: an attempt that they refuse may be the owner's.
OF_ACCOUNTS = {
    "password:account",
    "password:browser",
    *(f"{kind}{browsers}" for kind in ("code", "backup-code") for browsers in ("", ":browser", ":browsers")),
}


def refused(budgets: Iterable[str]) -> None:
    """Count an attempt that these budgets refused."""
    names = set(budgets)
    for name in names:
        REFUSALS.count(name)
    if names & OF_ACCOUNTS:
        LOCKOUTS.count(GUESSES)
