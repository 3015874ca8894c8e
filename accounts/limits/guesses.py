"""Choose the budgets of a guess: those of unknown browsers, or those of a known browser (R4, R16).

Neither kind spends the budgets of the other, so an attacker can't lock people out of a browser that they have
used before, with their password (DS-02) or without it (DS-01). An account takes the sum of both budgets in a
day: 100 wrong six-digit codes and 20 wrong backup codes.

Too many wrong passwords over the whole site close it to nobody: networks that failed within the last hour
have a tenth of their budgets then, one try in five minutes for an address, and all others go on.

Known browsers are not counted by network: they can guess only accounts that have signed in there. Such a
limit would let anybody with an account keep the others in an office out of theirs.
"""

from accounts import crypto
from accounts.audit import Actor
from accounts.audit.known_browsers import Browser
from accounts.limits.budgets import DAY, Budget, BySource, Ceiling, Claim
from accounts.limits.wording import WRONG_PASSWORDS, WRONG_PASSWORDS_FROM_NETWORK, WRONG_PASSWORDS_HERE, Told
from accounts.models import User, login_key

UNDER_ATTACK = (
    "More than 1,000 wrong passwords in five minutes, in browsers that nobody has signed in with: somebody "
    "is guessing. Sign-in stays open; each network that failed within the last hour has one try in five "
    "minutes now. Look for the networks in the events login.failed, and block them at the proxy or firewall."
)
UNDER_ATTACK_BY_USERS = (
    "More than 1,000 wrong passwords in five minutes, in browsers that people have signed in with before: "
    "somebody is guessing with accounts of their own. Each of these browsers that failed within the last "
    "hour has one try in five minutes now. Look for accounts and networks in the events login.failed and "
    "password.failed, and deactivate or block them."
)

BY_ACCOUNT = Budget("password:account", (10, 300), told=WRONG_PASSWORDS)
BY_NETWORK = BySource(
    "password:address",
    (10, 300),
    above={"password:all": 1},
    if_failed=True,
    told=WRONG_PASSWORDS_FROM_NETWORK,
)
OVERALL = Ceiling("password:all", (1000, 300), alarm=UNDER_ATTACK)
# Known browsers of an account share no budget here: an intruder's browser could use up the owner's. Their
# number doesn't matter: their users know the password, and a new password makes them unknown browsers.
BY_BROWSER = Budget(
    "password:browser",
    (10, 300),
    above={"password:browsers:all": 1},
    if_failed=True,
    told=WRONG_PASSWORDS_HERE,
)
BROWSERS_OVERALL = Ceiling("password:browsers:all", (1000, 300), alarm=UNDER_ATTACK_BY_USERS)


class Guesses:
    """The budgets for wrong answers of one kind for an account: a daily window, and shorter windows.

    All unknown browsers share one budget with all windows. All known browsers of the account share another
    daily window, and each of them has its own shorter windows.
    """

    def __init__(
        self, name: str, *shorter: tuple[int, int], daily: int, told: Told, told_if_known: Told
    ) -> None:
        self.unknown_browsers = Budget(name, *shorter, (daily, DAY), told=told)
        self.known_browser = Budget(f"{name}:browser", *shorter, told=told_if_known)
        self.known_browsers = Budget(f"{name}:browsers", (daily, DAY), told=told_if_known)


def for_password(user: User | None, typed: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets for one password. Unknown usernames are counted like accounts (R5)."""
    if user is not None and actor.browser.is_current(user):
        return [
            (BY_BROWSER, f"{account_key(user)}:{actor.browser.key}"),
            (BROWSERS_OVERALL, ""),
        ]
    account = account_key(user) if user else typed_key(typed)
    return [(BY_ACCOUNT, account), *BY_NETWORK.claims(actor), (OVERALL, "")]


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


def typed_key(typed: str) -> str:
    """Return the key of a typed name or address that is nobody's."""
    return crypto.digest(login_key(typed), "login")
