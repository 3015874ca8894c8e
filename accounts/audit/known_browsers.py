"""Known browsers: a signed cookie names the users who have signed in, or used a reset link, in this browser.

The cookie grants no access. It prevents the mail about a new browser, and gives the browser budgets of its
own (accounts/limits/guesses.py): guesses from unknown browsers lock out unknown browsers only.
"""

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from accounts.models.clocks import CLOCK_SKEW
from accounts.web.cookies import read_private, set_private

SALT = "accounts.known-browser"
COOKIE = "known-browser"
LIFETIME = timedelta(days=365)
MOST_USERS = 10  # people who share one browser


@dataclass(frozen=True)
class Browser:
    """The contents of the cookie. `key` is random, and "" without a valid cookie."""

    key: str = ""
    # By user id: a digest of the user's security stamp at their last login in this browser.
    stamps: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        value = read_private(request, COOKIE)
        try:
            stored: Any = signing.loads(value, salt=SALT, max_age=LIFETIME)
            if is_from_the_future(value):
                return cls()
            return cls(stored["key"], {int(pk): stamp for pk, stamp in stored["stamps"].items()})
        except (signing.BadSignature, TypeError, KeyError):  # the last two: signed by another version
            return cls()

    def is_current(self, user: User) -> bool:
        """Return whether this user is known here since the last change of the password or of two-factor.

        Anyone who signed in before such a change counts as an unknown browser.
        """
        return self.stamps.get(user.pk) == digest_of(user.security_stamp)


def is_from_the_future(value: str) -> bool:
    """Return whether a value was signed while the clock was ahead: it would last too long (D43)."""
    signed_at = signing.b62_decode(value.rsplit(":", 2)[1])
    return signed_at > time.time() + CLOCK_SKEW.total_seconds()


UNKNOWN = Browser()


def keep_known(
    request: HttpRequest,
    response: HttpResponse,
    user_id: int,
    security_stamp: str,
    *,
    anew: bool = False,
) -> None:
    """Add a user to the cookie of the browser. It keeps the last MOST_USERS users.

    Call it only after the user has signed in, or has used a reset link: either proves that it is the user.
    `anew` gives the browser a new key, so budgets that nobody has used. It forgets the other users then: with
    an account of one's own, one could begin their budgets anew.
    """
    browser = UNKNOWN if anew else Browser.of(request)
    others = [(pk, stamp) for pk, stamp in browser.stamps.items() if pk != user_id]
    kept = dict([*others, (user_id, digest_of(security_stamp))][-MOST_USERS:])
    value = signing.dumps({"key": browser.key or secrets.token_urlsafe(9), "stamps": kept}, salt=SALT)
    set_private(response, COOKIE, value, lifetime=LIFETIME)


def digest_of(stamp: str) -> str:
    return hashlib.sha256(f"{SALT}\n{stamp}".encode()).hexdigest()[:16]
