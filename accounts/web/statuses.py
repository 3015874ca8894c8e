"""The HTTP status of a broken rule, whichever door says it."""

from accounts.exceptions import DecryptionFailed, Gone, Overloaded, RateLimited, RuleViolation


def status_of(violation: RuleViolation | None) -> int:
    """Return the HTTP status of a broken rule, for every door. None is a form with other errors: 422."""
    match violation:
        case RateLimited():
            return 429
        case DecryptionFailed() | Overloaded():
            return 503
        case Gone():
            return 404
    return 422
