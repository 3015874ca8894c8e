"""Links in mails: signed tokens for one purpose, invalid once the state that they were made from has changed.

The token in a link is moved into a cookie (D28), so it is in no later URL, no history and no Referer.
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
from accounts.limits import BySource, Told
from accounts.models import User
from accounts.models.clocks import CLOCK_SKEW
from accounts.web.cookies import delete_private, read_private, set_private

# Tokens can't be guessed; the limit only saves the work of checking wrong ones (PR-11).
WRONG_LINKS = BySource(
    "link",
    (20, 300),
    told=Told(
        gettext_lazy("Too many links that do not work were opened from your network."),
        gettext_lazy(
            "Your own link still works: open it in another network, such as that of a phone, or wait."
        ),
    ),
)


class LinkInvalid(RuleViolation):
    """The link is forged, used or outdated. All have the same message, so an attacker learns nothing."""

    code = "link-invalid"
    message = gettext_lazy("This link does not work. It may have been used already, or be too old.")


class Link:
    """One kind of link. A token is valid only while `state` is unchanged; using it must change the state."""

    def __init__(self, purpose: str, lifetime: timedelta, state: Callable[[User], str]) -> None:
        self.purpose = purpose
        self.lifetime = lifetime
        self.state = state

    def token_for(self, user: User) -> str:
        return self.signer(user).sign(str(user.pk))

    def redeem(self, token: str, *, actor: Actor) -> User:
        """Return the active user for whom the token was made. Raises LinkInvalid, RateLimited."""
        with limits.attempt(*WRONG_LINKS.claims(actor)) as attempt:
            user: User | None = User.objects.filter(pk=key_in(token), is_active=True).first()
            if user is None:
                raise LinkInvalid
            self.check(token, user)
            attempt.succeeded()
        return user

    def check(self, token: str, user: User) -> None:
        """Raise LinkInvalid unless this token was made for this user in their current state."""
        if self.is_outdated(token):
            raise LinkInvalid
        try:
            self.signer(user).unsign(token)
        except signing.BadSignature as error:
            raise LinkInvalid from error

    def is_outdated(self, token: str) -> bool:
        """Return whether the token's timestamp is missing, too old, or of the future.

        A link that was made while the clock was ahead must not work for longer than others (D43). Doesn't
        check the signature.
        """
        try:
            made_at = signing.b62_decode(token.split(".")[1])
        except (IndexError, ValueError):
            return True
        age = time.time() - made_at
        return not -CLOCK_SKEW.total_seconds() <= age <= self.lifetime.total_seconds()

    def signer(self, user: User) -> signing.TimestampSigner:
        return signing.TimestampSigner(sep=".", salt=f"accounts.{self.purpose}\n{self.state(user)}")


def key_in(token: str) -> int:
    """Return the primary key at the start of a token; 0, which no user has, if there is none."""
    text = token.partition(".")[0]
    return int(text) if len(text) <= 18 and text.isascii() and text.isdigit() else 0


LIFETIME = timedelta(minutes=30)  # of the cookie; the token may expire sooner
LONGEST_TOKEN = 200


class LinkCookie:
    """A cookie with the token, which browsers send to one page only."""

    def __init__(self, name: str, page: str) -> None:
        self.name = name
        self.page = page

    def take(self, token: str) -> HttpResponse:
        """Return a redirect to the page, with the token in the cookie. Doesn't check the token."""
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
