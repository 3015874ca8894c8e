"""Which budgets a guess is counted in: those of strangers, or those of a known browser (R4, R16).

Neither lane is closed by what happens in the other, so nobody from outside keeps people out of a browser that
they have used before, with their password (DS-02) or without it (DS-01). What an account takes in a day is
the sum of both lanes: 100 six-digit codes and 20 backup codes, with or without known browsers.
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
# Known browsers of one account share no budget: a stranger who got in could close it to the owner. However
# many there are, whoever logged in with them knows the password already; a new one makes them strangers.
BY_BROWSER = Budget("password:browser", (10, 300))
BROWSERS_BY_NETWORK = Budget("password:browsers:address", (50, 300))
BROWSERS_OVERALL = Budget("password:browsers:all", (1000, 300))


class Guesses:
    """How often an account takes wrong answers of one kind: in a day, and in shorter windows.

    All strangers together have them once, and all known browsers of the account once more; the shorter
    windows are each known browser's own.
    """

    def __init__(self, name: str, *shorter: tuple[int, int], daily: int) -> None:
        self.unknown_browsers = Budget(name, *shorter, (daily, DAY))
        self.known_browser = Budget(f"{name}:browser", *shorter)
        self.known_browsers = Budget(f"{name}:browsers", (daily, DAY))


def for_password(user: User | None, typed: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets for one password. An unknown name is counted like an account (R5)."""
    if user is not None and actor.browser.is_current(user):
        return [
            (BY_BROWSER, f"{account_key(user)}:{actor.browser.key}"),
            (BROWSERS_BY_NETWORK, actor.network),
            (BROWSERS_OVERALL, ""),
        ]
    lane = account_key(user) if user else crypto.digest(typed.strip().casefold(), "login")
    return [(BY_ACCOUNT, lane), (BY_NETWORK, actor.network), (OVERALL, "")]


def for_code(user: User, guesses: Guesses, browser: Browser) -> list[Claim]:
    """Return the budgets for one answer, whatever the door and the purpose (R16)."""
    if browser.is_current(user):
        return [
            (guesses.known_browser, f"{account_key(user)}:{browser.key}"),
            (guesses.known_browsers, account_key(user)),
        ]
    return [(guesses.unknown_browsers, account_key(user))]


def account_key(user: User) -> str:
    return f"user:{user.pk}"
