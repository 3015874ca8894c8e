"""Choose the budgets of a guess: those of unknown browsers, or those of a known browser (R4, R16).

Neither kind spends the budgets of the other, so an attacker can't lock people out of a browser that they have
used before, with their password (DS-02) or without it (DS-01). An account takes the sum of both budgets in a
day: 100 wrong six-digit codes and 20 wrong backup codes.
"""

from typing import TypeAlias

from accounts import crypto
from accounts.audit import Actor
from accounts.audit.known_browsers import Browser
from accounts.limits.limiter import Budget
from accounts.models import User

Claim: TypeAlias = tuple[Budget, str]

DAY = 86_400  # seconds

BY_ACCOUNT = Budget("password:account", (10, 300))
BY_NETWORK = Budget("password:address", (10, 300))
OVERALL = Budget("password:all", (1000, 300))
# Known browsers of an account share no budget here: an intruder's browser could use up the owner's. Their
# number doesn't matter: their users know the password, and a new password makes them unknown browsers.
BY_BROWSER = Budget("password:browser", (10, 300))
BROWSERS_BY_NETWORK = Budget("password:browsers:address", (50, 300))
BROWSERS_OVERALL = Budget("password:browsers:all", (1000, 300))


class Guesses:
    """The budgets for wrong answers of one kind for an account: a daily window, and shorter windows.

    All unknown browsers share one budget with all windows. All known browsers of the account share another
    daily window, and each of them has its own shorter windows.
    """

    def __init__(self, name: str, *shorter: tuple[int, int], daily: int) -> None:
        self.unknown_browsers = Budget(name, *shorter, (daily, DAY))
        self.known_browser = Budget(f"{name}:browser", *shorter)
        self.known_browsers = Budget(f"{name}:browsers", (daily, DAY))


def for_password(user: User | None, typed: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets for one password. Unknown usernames are counted like accounts (R5)."""
    if user is not None and actor.browser.is_current(user):
        return [
            (BY_BROWSER, f"{account_key(user)}:{actor.browser.key}"),
            (BROWSERS_BY_NETWORK, actor.network),
            (BROWSERS_OVERALL, ""),
        ]
    account = account_key(user) if user else crypto.digest(typed.strip().casefold(), "login")
    return [(BY_ACCOUNT, account), (BY_NETWORK, actor.network), (OVERALL, "")]


def for_code(user: User, guesses: Guesses, browser: Browser) -> list[Claim]:
    """Return the budgets for one answer, the same for every door and purpose (R16)."""
    if browser.is_current(user):
        return [
            (guesses.known_browser, f"{account_key(user)}:{browser.key}"),
            (guesses.known_browsers, account_key(user)),
        ]
    return [(guesses.unknown_browsers, account_key(user))]


def account_key(user: User) -> str:
    return f"user:{user.pk}"
