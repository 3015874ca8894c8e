"""Browsers that say, by a signed cookie, who has completed a login in them.

Nobody is let in by that. It spares the mail about a new browser, and gives the browser lanes of its own
(accounts/limits/guesses.py), so that strangers who guess keep only each other out.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.models import Session, User

SALT = "accounts.known-browser"
LIFETIME = 365 * 24 * 3600  # seconds
MOST_USERS = 10  # people who share one browser


@dataclass(frozen=True)
class Browser:
    """What a browser says of itself. `key` is random, and "" where there is no cookie."""

    key: str = ""
    # By user: a digest of the security stamp that the user had at the last login here.
    stamps: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        value = request.COOKIES.get(cookie_name(), "")
        try:
            stored: Any = signing.loads(value, salt=SALT, max_age=LIFETIME)
            return cls(stored["key"], {int(pk): stamp for pk, stamp in stored["stamps"].items()})
        except (signing.BadSignature, TypeError, KeyError):  # the latter: signed by another version
            return cls()

    def is_current(self, user: User) -> bool:
        """Whether this user has logged in here since the last change of the password or of two-factor.

        Who had got in before such a change is a stranger from then on.
        """
        return self.stamps.get(user.pk) == digest_of(user.security_stamp)


UNKNOWN = Browser()


def keep(request: HttpRequest, response: HttpResponse, session: Session) -> None:
    """Have the browser say from now on that the user of this session has logged in here."""
    browser = Browser.of(request)
    others = [(pk, stamp) for pk, stamp in browser.stamps.items() if pk != session.user_id]
    kept = dict([*others, (session.user_id, digest_of(session.security_stamp))][-MOST_USERS:])
    response.set_cookie(
        cookie_name(),
        signing.dumps({"key": browser.key or secrets.token_urlsafe(9), "stamps": kept}, salt=SALT),
        max_age=LIFETIME,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def digest_of(stamp: str) -> str:
    return hashlib.sha256(f"{SALT}\n{stamp}".encode()).hexdigest()[:16]


def cookie_name() -> str:
    return "__Host-known-browser" if settings.HTTPS else "known-browser"
