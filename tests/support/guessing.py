"""Guessing by the verbs behind the pages: a budget is used up without five hundred pages that are refused.

That each page asks the verb is proved by one test for each door, with pages.
"""

from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from accounts import factors
from accounts.audit import Actor
from accounts.exceptions import RateLimited
from accounts.factors.challenges import Purpose
from accounts.login import proofs, sign_in
from accounts.sessions.store import SessionStore
from tests.support.people import PASSWORD

WRONG_PASSWORD = "not the password"


def actor_in(client):
    """Who acts, as the pages see it that this browser asks for."""
    request = RequestFactory(**client.defaults).get("/")
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    request.session, request.user = SessionStore(), AnonymousUser()
    return Actor.of(request)


def guess_password(user, client, password=WRONG_PASSWORD):
    """Whether it was looked at, and found wrong; False if it was refused unseen."""
    return Guesser(user, client).enter(password) is None


class Guesser:
    """Somebody at a browser who knows the password, and guesses codes."""

    def __init__(self, user, client=None):
        self.user = user
        self.actor = actor_in(client or Client())
        self.session = None

    def enter(self, password):
        """The user; None if it is wrong, False if it was refused unseen."""
        self.session = SessionStore()
        try:
            return sign_in.sign_in(
                self.user.username,
                password,
                session=self.session,
                actor=self.actor,
                next_path="/app",
                remembered_tokens={},
            )
        except RateLimited:
            return False

    def guess(self, code, factor="app"):
        """Whether this code was looked at, and found wrong; False if it was refused unseen."""
        try:
            found = proofs.answer_challenge(
                self.user,
                factors.get(factor),
                code,
                {},
                purpose=Purpose.LOGIN,
                session=self.session,
                actor=self.actor,
            )
        except RateLimited:
            return False
        assert found is None
        return True

    def guess_until_refused(self, code, factor="app", most=100):
        """How many guesses were looked at, after a right password; `code` makes a wrong one."""
        assert self.enter(PASSWORD)
        for number in range(most):
            if not self.guess(code(), factor):
                return number
        raise AssertionError("never refused")
