"""Provide the people of the tests as fixtures: alice, bob and carol work together, mallory is an outsider.

A fixture is a state. Everything happens with real codes, through the product's own pages: `sign_in(alice)`
posts the form, and `enrol(alice, client)` reads the key from the page. So many tests begin with
`enrol(alice)` that it calls the verbs behind those pages, in a tenth of the time.
"""

import base64
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape

import pyotp
import pytest
from django.contrib.auth.models import Permission
from django.core.signals import request_finished
from django.test import Client
from django.utils import timezone

from accounts import factors
from accounts.audit import Actor
from accounts.factors.totp.factor import secret_of
from accounts.factors.totp.models import TOTPDevice
from accounts.limits.notices import notices
from accounts.login import sign_in as login
from accounts.models import User
from accounts.outbox import threads
from accounts.sessions.store import SessionStore
from accounts.tokens import lookup
from accounts.two_factor import enrolment
from accounts.users.rights import Rights


def mails_have_left(**kwargs):
    """Wait until mails are sent: other threads send them after the response."""
    threads.wait_until_idle()


request_finished.connect(mails_have_left, weak=False)

PASSWORD = "correct horse battery staple 42"
TWO_FACTOR = "/app/settings/two-factor"
CODES = f"{TWO_FACTOR}/codes"


def make_user(username, **fields):
    """Create and return a user with a confirmed address and PASSWORD."""
    defaults = {"email": f"{username}@example.com", "email_confirmed_at": timezone.now()}
    return User.objects.create_user(username, password=PASSWORD, **(defaults | fields))


def make_staff(username, *names, **fields):
    """Create and return staff with these permissions, such as "accounts.change_user"."""
    user = make_user(username, is_staff=True, **fields)
    for name in names:
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def rights_shown(user):
    """Return the hidden field of the page that changes this user's rights, as if it was loaded just now."""
    return {"rights_shown": Rights.of(User.objects.get(pk=user.pk)).as_text()}


@dataclass
class Authenticator:
    """An authenticator app in somebody's hand (pyotp: an implementation that is not ours)."""

    user: User
    key: str
    codes: list = field(default_factory=list)  # the backup codes, as shown

    def code(self, steps=0):
        """Return the code of the current time step, or of one that is `steps` of 30 seconds away."""
        return pyotp.TOTP(self.key).at(timezone.now() + steps * timedelta(seconds=30))

    def fresh_code(self):
        """Return a valid unused code. Instead of waiting 30 seconds, forget the last used step."""
        TOTPDevice.objects.filter(user=self.user, confirmed=True).update(last_step=-1)
        return self.code()

    def wrong_code(self):
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def post_password(client, user, password=PASSWORD, **fields):
    return client.post("/session", {"username": user.username, "password": password, **fields})


def sign_in(user, authenticator=None, client=None):
    """Return a browser in which this user is fully signed in."""
    client = client or Client()
    response = post_password(client, user)
    assert response.status_code == 302, response.content.decode()
    if authenticator is not None:
        assert response["Location"] == "/session/two-factor"
        response = client.post("/session/two-factor", {"code": authenticator.fresh_code()})
        assert response.status_code == 302, response.content.decode()
    return client


def start_enrolment(client):
    """Choose the application and return the key that the page shows."""
    response = client.post(f"{TWO_FACTOR}/enable", {"method": "app"})
    assert response["Location"] == f"{TWO_FACTOR}/confirm", response.content.decode()
    return key_on(client.get(f"{TWO_FACTOR}/confirm"))


def key_on(response):
    return response.context["description"]["key"]


def codes_on(response):
    """Return the backup codes that a page shows, read from its HTML."""
    text = unescape(response.content.decode())
    return re.findall(r"\b[0-9A-Z]{5}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", text)


def followed(client, response):
    """Return the page of the new codes if a response leads there, as a browser does; else the response."""
    return client.get(CODES) if response.get("Location") == CODES else response


def enrol(user, client=None):
    """Enable two-factor authentication with an application; return the application."""
    if client is None:
        return enrol_somewhere(user)
    authenticator = Authenticator(user, start_enrolment(client))
    response = followed(client, client.post(f"{TWO_FACTOR}/confirm", {"code": authenticator.code()}))
    assert response.status_code == 200, response.content.decode()
    authenticator.codes = sorted(set(codes_on(response)))
    assert len(authenticator.codes) == 10
    user.refresh_from_db()
    return authenticator


def sign_in_somewhere(user, ip="127.0.0.1"):
    """(session, actor) of somebody without two-factor who signs in by the verb, where no page is needed."""
    session, actor = SessionStore(), Actor(user=None, ip=ip, user_agent="", door="html")
    options = {"next_path": "/app", "remembered_tokens": {}}
    assert login.sign_in(user.username, PASSWORD, session=session, actor=actor, **options)
    return session, replace(actor, user=user, session_id=session.row.pk)


def enrol_somewhere(user):
    """The same, in a browser that plays no part in the story."""
    session, actor = sign_in_somewhere(user)
    factor = factors.get("app")
    state = enrolment.begin_enrolment(user, factor, former=None, actor=actor)
    secret = secret_of(TOTPDevice.objects.get(pk=state["device_id"]))
    authenticator = Authenticator(user, base64.b32encode(secret).decode())
    done = enrolment.confirm_enrolment(
        user, factor, authenticator.code(), state, session=session, actor=actor
    )
    authenticator.codes = sorted(done.codes)
    assert len(authenticator.codes) == 10
    user.refresh_from_db()
    return authenticator


@pytest.fixture(autouse=True)
def no_network_is_closed():
    """What this process remembers of networks whose limits were used up belongs to another test."""
    lookup.closed.clear()
    notices.noted.clear()


@pytest.fixture
def alice(transactional_db):
    return make_user("alice")


@pytest.fixture
def bob(transactional_db):
    return make_user("bob")


@pytest.fixture
def carol(transactional_db):
    return make_user("carol")


@pytest.fixture
def mallory(transactional_db):
    return make_user("mallory")


@pytest.fixture
def app_of_alice(alice):
    """Enable two-factor authentication for alice; return the application."""
    return enrol(alice)
