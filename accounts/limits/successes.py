"""Limit what people may do: right passwords, and actions that are recorded.

What succeeds costs a hash, a row, an event or a mail, too. These budgets are generous: they bound the costs
and the records, and nobody who works with the product meets them. Each belongs to the one who acts, so nobody
can use up another one's.
"""

from django.utils import timezone

from accounts.audit import BACKGROUND, Actor
from accounts.limits import counters, wording
from accounts.limits.budgets import DAY, HOUR, Budget, Claim
from accounts.limits.guesses import account_key, typed_key
from accounts.models import User

# Sign-ins, sudo and all else that takes the password. Somebody who knows it, but has no second factor, can't
# keep the owner out of known browsers: each of those has a budget of its own.
RIGHT_PASSWORDS = Budget("password:right", (30, 300), (300, DAY), of_successes=True, told=wording.SIGN_INS)
RIGHT_PASSWORDS_IN_BROWSER = Budget(
    "password:browser:right", (30, 300), (300, DAY), of_successes=True, told=wording.SIGN_INS
)
# All known browsers of the account together: each sign-in in an unknown browser adds one.
RIGHT_PASSWORDS_IN_ALL_BROWSERS = Budget(
    "password:browsers:right", (60, 300), (600, DAY), of_successes=True, told=wording.SIGN_INS_EVERYWHERE
)

# All verbs together. A program may invite 500 people in an hour, and read who they are.
ACTIONS = Budget("action", (1200, HOUR), (6000, DAY), told=wording.ACTIONS_HERE)
ACTIONS_IN_ALL_BROWSERS = Budget(
    "action:browsers", (3600, HOUR), (18_000, DAY), told=wording.ACTIONS_IN_ALL_BROWSERS
)


# Commands come from the server itself. Background work was counted when it was started, and has limits of its
# own: it must not use up what the person who started it can do at the pages.
UNCOUNTED = ("command", BACKGROUND)


def for_password(user: User | None, typed: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets that a right password spends. Unknown usernames are checked like accounts (R5)."""
    if user is not None and actor.browser.is_current(user):
        return [
            (RIGHT_PASSWORDS_IN_BROWSER, f"{account_key(user)}:{actor.browser.key}"),
            (RIGHT_PASSWORDS_IN_ALL_BROWSERS, known_browsers_key(user, actor)),
        ]
    account = account_key(user) if user else typed_key(typed)
    return [(RIGHT_PASSWORDS, account)]


def known_browsers_key(user: User, actor: Actor) -> str:
    """Return the key that all known browsers of a user share.

    It changes with the security stamp, so that after a new password the owner has a new budget, whatever
    somebody has used up in browsers that were known before.
    """
    return f"{account_key(user)}:{actor.browser.stamps[user.pk]}"


def count_action(actor: Actor, *, always: bool = False) -> None:
    """Count one action of this actor, in its transaction: only what is committed counts. Raises RateLimited.

    Call it first there, before any other lock. Doors in UNCOUNTED are not counted.
    With `always` it refuses nothing. It is for what only takes power away: somebody who has got hold of the
    cookies can use up the budget, but not keep the owner from ending what he has. Each such action takes
    something that was counted when it was made, or the password.
    """
    if actor.door in UNCOUNTED:
        return
    now = timezone.now()
    windows = counters.counters_of(for_action(actor), now)
    taken = counters.take(windows, now)
    refused = counters.refusing(windows, taken, now)
    if refused and not always:
        raise counters.refusal(refused, now)
    if refused and not taken:  # nothing is taken where one is used up
        used_up = [window for window, _stored in refused]
        counters.take([window for window in windows if window not in used_up], now)


def shorten_windows(actor: Actor) -> None:
    """Have the windows of this actor's actions last no longer than their length, whatever the clock was.

    Call it after the transaction of an action that was refused: what was shortened there was rolled back.
    """
    counters.shorten(counters.counters_of(for_action(actor), timezone.now()))


def for_action(actor: Actor) -> list[Claim]:
    """Return the budgets that an action spends."""
    claims = [(ACTIONS, key_of(actor))]
    if actor.token is None and actor.user is not None and actor.browser.is_current(actor.user):
        claims.append((ACTIONS_IN_ALL_BROWSERS, known_browsers_key(actor.user, actor)))
    return claims


def key_of(actor: Actor) -> str:
    """Return who acts. Programs, and each known browser, count apart from the other browsers of the user.

    Otherwise a stolen token or session could use up the budget, and its owner could not end it.
    """
    if actor.token is not None:
        return f"{account_key(actor.user)}:programs" if actor.user else str(actor)
    if actor.user is None:
        return str(actor)
    if actor.browser.is_current(actor.user):
        return f"{account_key(actor.user)}:{actor.browser.key}"
    return account_key(actor.user)
