"""Links in mails: signed tokens, for one purpose, dead once what they were made from has changed.

A token in a link goes into a cookie (D28), so that it is in no later address, no history and no Referer.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.limits import Budget
from accounts.models import User
from accounts.web.cookies import delete_private, read_private, set_private

# A token can't be guessed; the limit keeps a stranger from making us try (PR-11).
GUESSES = Budget("link", (20, 3600))


class LinkInvalid(RuleViolation):
    """One answer for made-up, used and outdated links: a guesser learns nothing."""

    code = "link-invalid"
    message = gettext_lazy("This link does not work. It may have been used already, or be too old.")


class Link:
    """`state` returns what a token stands and falls with; that it works once is a consequence of it."""

    def __init__(self, purpose: str, lifetime: timedelta, state: Callable[[User], str]) -> None:
        self.purpose = purpose
        self.lifetime = lifetime
        self.state = state

    def token_for(self, user: User) -> str:
        return self.signer(user).sign(str(user.pk))

    def redeem(self, token: str, *, actor: Actor) -> User:
        """Return the user that the token was made for. Raises LinkInvalid or RateLimited."""
        with limits.attempt((GUESSES, actor.network)) as attempt:
            user: User | None = User.objects.filter(pk=key_in(token), is_active=True).first()
            if user is None:
                raise LinkInvalid
            self.check(token, user)
            attempt.succeeded()
        return user

    def check(self, token: str, user: User) -> None:
        """Raise LinkInvalid unless this token was made for this user as it is now."""
        try:
            self.signer(user).unsign(token, max_age=self.lifetime)
        except signing.BadSignature as error:
            raise LinkInvalid from error

    def is_outdated(self, token: str) -> bool:
        """Whether the token itself says that it is too old. Says nothing of whether it was ever good."""
        try:
            made_at = signing.b62_decode(token.split(".")[1])
        except (IndexError, ValueError):
            return True
        return made_at < time.time() - self.lifetime.total_seconds()

    def signer(self, user: User) -> signing.TimestampSigner:
        return signing.TimestampSigner(sep=".", salt=f"accounts.{self.purpose}\n{self.state(user)}")


def key_in(token: str) -> int:
    """Return the primary key that a token begins with; 0, which nobody has, for nonsense."""
    text = token.partition(".")[0]
    return int(text) if len(text) <= 18 and text.isascii() and text.isdigit() else 0


LIFETIME = timedelta(minutes=30)  # of the cookie; the token's own end may come sooner
LONGEST_TOKEN = 200


class LinkCookie:
    """Holds the token for one page and is sent nowhere else."""

    def __init__(self, name: str, page: str) -> None:
        self.name = name
        self.page = page

    def take(self, token: str) -> HttpResponse:
        """Go on to the page with the token in the cookie. Nothing is written, and nothing is checked yet."""
        response = redirect(self.page)
        response["Referrer-Policy"] = "no-referrer"
        if len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable():
            set_private(response, self.name, token, lifetime=LIFETIME, path=self.path)
        else:
            self.forget(response)
        return response

    def token(self, request: HttpRequest) -> str:
        return read_private(request, self.name, path=self.path)[:LONGEST_TOKEN]

    def forget(self, response: HttpResponse) -> None:
        delete_private(response, self.name, path=self.path)

    @property
    def path(self) -> str:
        return reverse(self.page)
