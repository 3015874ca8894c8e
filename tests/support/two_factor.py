"""Perform the steps of two-factor tests through pages, and read what they leave behind."""

import re
from datetime import timedelta
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Session
from tests.support.people import TWO_FACTOR, followed, post_password, sign_in

CHALLENGE = "/session/two-factor"
RECOVERY = "/session/two-factor-recovery"
SUDO = "/session/sudo"
HOME = "/app/settings/two-factor"
INVALID = "Invalid authentication code!"
# What a page says to an answer that is none, by its shape (details: tests/accounts/factors/test_refusals.py).
SHAPELESS = (INVALID, "A code has six digits;", "A recovery code has 13", "That looks like a")
ENDED = "You have been signed out. Please sign in again."


def pending(user, client=None):
    """Return a browser that has given the correct password and has a challenge to answer."""
    client = client or Client()
    assert post_password(client, user)["Location"] == CHALLENGE
    return client


def answer(client, code, page=CHALLENGE):
    return followed(client, client.post(page, {"code": code}))


def known_browser(user, authenticator=None, client=None):
    """Return a browser in which this user has signed in and out again."""
    client = sign_in(user, authenticator, client)
    client.post("/session/logout")
    return client


def same_browser(client):
    """Return a browser that shares only the known-browser cookie with the first."""
    other = Client()
    other.cookies["known-browser"] = client.cookies["known-browser"].value
    return other


def recover(client, code):
    return answer(client, code, RECOVERY)


def is_signed_in(client, user):
    response = client.get(HOME)
    return response.status_code == 200 and f">{user.username}<" in response.content.decode()


def is_out(client):
    return client.get(HOME)["Location"].startswith("/session?")


def is_called_wrong(response):
    """Return whether a page refuses the typed code as wrong or malformed."""
    page = response.content.decode()
    return response.status_code == 422 and any(words in page for words in SHAPELESS)


def guess_wrong(client, authenticator, times, page=CHALLENGE):
    """Enter a wrong code this many times; each must be checked and refused."""
    for _ in range(times):
        assert answer(client, authenticator.wrong_code(), page).status_code == 422


def let_sudo_expire(user):
    Session.objects.filter(user=user).update(proved_at=timezone.now() - timedelta(minutes=6))


def sudo_page(next_path, form=""):
    """Return where a page leads without sudo, or with `form` a form that was sent to this path."""
    return f"{SUDO}?{urlencode({'next': next_path} | ({'for': form} if form else {}))}"


def act(client, action, **fields):
    """Press a button of the two-factor page."""
    return followed(client, client.post(f"{TWO_FACTOR}/{action}", fields))


def events_of(user):
    """Return the audit events of this user, oldest first."""
    return list(AuditEvent.objects.filter(user_id=user.pk).order_by("id").values_list("event", flat=True))


def text_of(response):
    """Return the HTML of a page without its CSRF token, which differs each time and spells any short name."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


def key_of(client):
    """Return the session key of the browser."""
    return client.cookies["session"].value


def with_key(key):
    """Return a browser that sends this session key."""
    client = Client()
    client.cookies["session"] = key
    return client
