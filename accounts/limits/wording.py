"""What people are told when a limit is used up: what there was too much of, when it ends, and another way on.

Each budget has a sentence for both. Nobody who is refused should have to wait without knowing what else they
can do (docs/limits.md names it for each row).
"""

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.exceptions import RateLimited
from accounts.web.durations import try_again


@dataclass(frozen=True)
class Told:
    """`what` there was too much of, and another `way` on. The way may name `%(ask)s`: whom to ask."""

    what: str | Promise
    way: str | Promise


ANYTHING = Told(gettext_lazy("Too many attempts."), gettext_lazy("If you can't wait, %(ask)s."))

FORGOT = gettext_lazy(
    "To sign in at once, use a browser that you have signed in with before, or set a new password with "
    "“Forgot password?”. If neither works, %(ask)s."
)
WRONG_PASSWORDS = Told(gettext_lazy("Too many wrong passwords."), FORGOT)
WRONG_PASSWORDS_FROM_NETWORK = Told(
    gettext_lazy("There were too many wrong passwords from your network."),
    gettext_lazy(
        "To sign in now, use another network, such as your phone's, or a browser that you have signed in "
        "with before. If many people share your network, %(ask)s: this limit can be raised for it."
    ),
)
WRONG_PASSWORDS_HERE = Told(
    gettext_lazy("Too many wrong passwords in this browser."),
    gettext_lazy(
        "To sign in at once, set a new password with “Forgot password?”. If that doesn't work, %(ask)s."
    ),
)
SIGN_INS = Told(
    gettext_lazy("The password was entered too many times."),
    gettext_lazy(
        "You stay signed in where you are. To sign in somewhere else at once, use another browser that you "
        "have signed in with before, or set a new password with “Forgot password?”."
    ),
)
SIGN_INS_EVERYWHERE = Told(
    gettext_lazy("The password was entered too many times."),
    gettext_lazy(
        "You stay signed in where you are. To sign in somewhere else at once, set a new password with "
        "“Forgot password?”."
    ),
)
WRONG_CODES = Told(
    gettext_lazy("Too many wrong codes."),
    gettext_lazy(
        "To sign in now, use a recovery code, or a browser that you have signed in with before. If you "
        "have neither, %(ask)s."
    ),
)
WRONG_CODES_IN_KNOWN_BROWSERS = Told(
    gettext_lazy("Too many wrong codes."),
    gettext_lazy("To sign in now, use a recovery code. If you don't have one, %(ask)s."),
)
WRONG_BACKUP_CODES = Told(
    gettext_lazy("Too many wrong recovery codes."),
    gettext_lazy("To sign in now, use a code from your app or a text message. If you have neither, %(ask)s."),
)
ACTIONS_HERE = Told(
    gettext_lazy("You have made too many changes."),
    gettext_lazy(
        "You can still end sessions, revoke tokens, change your password and leave organizations. To make "
        "other changes now, use another browser that you have signed in with before. If you need more, "
        "%(ask)s."
    ),
)

ACTIONS_IN_ALL_BROWSERS = Told(
    gettext_lazy("You have made too many changes."),
    gettext_lazy(
        "You can still end sessions, revoke tokens, change your password and leave organizations. If you "
        "need more, %(ask)s."
    ),
)


def refusal_of(told: Told | None, seconds: int) -> RateLimited:
    """Return the exception for a budget that opens again in so many seconds."""
    told = told or ANYTHING
    what, way = str(told.what), str(told.way)
    if "%" in way:
        way %= {"ask": whom_to_ask()}
    return RateLimited(" ".join(filter(None, (what, try_again(seconds), way))), seconds, what=what)


def whom_to_ask() -> str:
    """Return the end of a sentence: "write to help@example.com"."""
    if settings.SUPPORT_EMAIL:
        return _("write to %(address)s") % {"address": settings.SUPPORT_EMAIL}
    return _("ask the administrators of this site")
