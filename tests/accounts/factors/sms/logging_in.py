"""Logging in with a code by text."""

from django.test import Client

from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import TextMessage
from tests.accounts.factors.sms.conftest import newest_code, time_passes
from tests.support.people import TWO_FACTOR, post_password


def wrong(code):
    return "000000" if code != "000000" else "111111"


def ask(user):
    """A browser that has shown the password."""
    client = Client()
    assert post_password(client, user)["Location"] == "/session/two-factor"
    return client


def answer(client, code):
    return client.post("/session/two-factor", {"code": code})


def is_in(client):
    return client.get("/app").status_code == 200


def texted_by(client, purpose):
    """Have a text sent by this browser; return its code."""
    time_passes()
    outbox.clear()
    client.post("/session/two-factor-send-sms")
    message = TextMessage.objects.latest("pk")
    assert (len(outbox), message.purpose) == (1, purpose)
    return newest_code()


def refused(response):
    """Whether a page refuses this code as wrong, and nothing else."""
    return response.status_code == 422 and b"Invalid authentication code!" in response.content


def sudo(client, code):
    page = f"{TWO_FACTOR}/disable"
    return client.post("/session/sudo", {"code": code, "factor": "sms", "next": page})


def has_sudo(client):
    return client.get(f"{TWO_FACTOR}/disable").status_code == 200
