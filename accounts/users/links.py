"""Links in mails: signed tokens for one purpose, invalid once the state that they were made from has changed.

The token in a link is moved into a cookie (D28), so it is in no later URL, no history and no Referer.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

from django.core import signing
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.limits import Budget, BySource, Claim, Told
from accounts.models import User
from accounts.models.clocks import CLOCK_SKEW
from accounts.users.link_texts import (
    LinkInvalid,
    LinkOfAnother,
    LinkOutdated,
    check_text,
    read_token,
)
from accounts.web.cookies import delete_private, read_private, set_private
from accounts.web.statuses import status_of

# Tokens can't be guessed; the limit only saves the work of checking wrong ones (PR-11).
WRONG_LINKS = BySource(
    "link",
    (20, 300),
    told=Told(
        gettext_lazy("Too many invalid links were opened from your network."),
        gettext_lazy(
            "Your own link still works. Open it from another network, such as your phone's, or wait."
        ),
    ),
)
# In browsers that know the account of the link: others in their network can't keep its owner out (D37).
WRONG_LINKS_IN_BROWSER = Budget(
    "link:browser",
    (20, 300),
    told=Told(
        gettext_lazy("Too many invalid links were opened in this browser."),
        gettext_lazy("Your own link still works. Open it in another browser, or wait."),
    ),
)

Row = TypeVar("Row", bound=Model)


def active_users() -> QuerySet[User]:
    users: QuerySet[User] = User.objects.filter(is_active=True)
    return users


class Link(Generic[Row]):
    """One kind of link. A token is valid only while `state` is unchanged; using it must change the state.

    `rows` returns those for which a link works: accounts, or invitations.
    """

    def __init__(
        self,
        purpose: str,
        lifetime: timedelta,
        state: Callable[[Row], str],
        rows: Callable[[], QuerySet[Row]],
    ) -> None:
        self.purpose = purpose
        self.lifetime = lifetime
        self.state = state
        self.rows = rows

    def token_for(self, row: Row) -> str:
        return self.signer(row).sign(str(row.pk))

    def redeem(self, token: str, *, actor: Actor) -> Row:
        """Return the row for which the token was made. Raises LinkInvalid, RateLimited."""
        with limits.attempt(*claims_of(token, actor)) as attempt:
            found = self.find(token)
            attempt.succeeded()
        return found

    def find(self, token: str) -> Row:
        """Return the row for which the token was made. Counts and writes nothing. Raises LinkInvalid."""
        self.check_in_time(token)  # first: else it would tell whether there is such a row
        found = self.rows().filter(pk=key_in(token)).first()
        if found is None:
            raise LinkInvalid
        self.check(token, found)
        return found

    def check(self, token: str, row: Row) -> None:
        """Raise LinkInvalid unless this token was made for this row in its current state."""
        self.check_in_time(token)
        try:
            self.signer(row).unsign(token)
        except signing.BadSignature as error:
            raise LinkInvalid from error

    def check_in_time(self, token: str) -> None:
        """Raise LinkInvalid if this is no token at all, or LinkOutdated. Doesn't check the signature.

        A link that was made while the clock was ahead must not work for longer than others (D43).
        """
        check_text(token)
        age = time.time() - signing.b62_decode(token.split(".")[1])
        if not -CLOCK_SKEW.total_seconds() <= age <= self.lifetime.total_seconds():
            raise LinkOutdated

    def signer(self, row: Row) -> signing.TimestampSigner:
        return signing.TimestampSigner(sep=".", salt=f"accounts.{self.purpose}\n{self.state(row)}")


def key_in(token: str) -> int:
    """Return the primary key at the start of a token; 0, which no row has, if there is none."""
    text = token.partition(".")[0]
    return int(text) if len(text) <= 18 and text.isascii() and text.isdigit() else 0


def claims_of(token: str, actor: Actor) -> list[Claim]:
    """Return the budgets of a link: of the browser if it knows the account in the token, else the network's.

    Nobody gains by another number in the token: a link is refused unless all of it is right.
    """
    if key_in(token) in actor.browser.stamps:
        return [(WRONG_LINKS_IN_BROWSER, actor.browser.key)]
    return WRONG_LINKS.claims(actor)


def check_reader(token: str, reader: User | None) -> None:
    """Raise LinkOfAnother if somebody is signed in, and the link of an account is not theirs (D42).

    Doesn't check the signature, and reads nothing: it tells nobody whether there is such an account.
    """
    if reader is not None and key_in(token) not in (0, reader.pk):
        raise LinkOfAnother


LIFETIME = timedelta(minutes=30)  # of the cookie; the token may expire sooner
LONGEST_TOKEN = 200


class LinkCookie:
    """A cookie with the token, which browsers send to one page only."""

    def __init__(self, name: str, page: str) -> None:
        self.name = name
        self.page = page

    def take(self, text: str) -> HttpResponse:
        """Return a redirect to the page, with the token of the link in the cookie. Doesn't check it."""
        response = redirect(self.page)
        response["Referrer-Policy"] = "no-referrer"
        return self.keep(response, text)

    def keep(self, response: HttpResponse, text: str) -> HttpResponse:
        """Have the browser keep the token of the link for the page, too; return the response."""
        set_private(response, self.name, read_token(text), lifetime=LIFETIME, path=self.path)
        return response

    def token(self, request: HttpRequest) -> str:
        """Return what `take` has kept. It may be UNREADABLE, or anything: the browser sent it."""
        return read_private(request, self.name, path=self.path)[:LONGEST_TOKEN]

    def forget(self, response: HttpResponse) -> HttpResponse:
        """Have the browser delete the cookie; return the response."""
        delete_private(response, self.name, path=self.path)
        return response

    def of_another(
        self, request: HttpRequest, error: LinkOfAnother, *, explanation: str = "", stay: str = ""
    ) -> HttpResponse:
        """Say that the link belongs to another account. It stays in the cookie, for who signs in next.

        `stay` is the path for who stays signed in, if it is not that of the start page.
        """
        status = 200 if request.method in ("GET", "HEAD") else status_of(error)
        context = {"explanation": explanation, "next": self.path, "stay": stay}
        return render(request, "accounts/link_of_another.html", context, status=status)

    @property
    def path(self) -> str:
        return reverse(self.page)
