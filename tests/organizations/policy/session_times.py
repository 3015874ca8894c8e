"""Sessions of members, and how long they last."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.models import RememberedBrowser, Session
from organizations.models import Organization
from organizations.policy.user_sessions import update_user_sessions
from tests.support import people
from tests.support.organizations import SERVER
from tests.support.two_factor import CHALLENGE

PAGE = "/app/open/settings/authentication"
UPDATE = f"{PAGE}/user-sessions"


def limit(name, *, timeout=None, remember=None):
    organization = Organization.objects.get(name=name)
    update_user_sessions(organization, timeout=timeout, remember=remember, actor=SERVER)


def age(user, *, idle=0, since=0):
    """Let so many minutes go by for the sessions of a user: without use, or from the sign-in on."""
    now = timezone.now()
    sessions = Session.objects.filter(user=user)
    if idle:
        sessions.update(last_used_at=now - timedelta(minutes=idle))
    if since:
        sessions.update(created_at=now - timedelta(minutes=since), last_used_at=now)


def is_in(client):
    return client.get("/app/settings/profile").status_code == 200


def remember(stage, name="max"):
    client = Client()
    people.post_password(client, stage.people[name])
    client.post(CHALLENGE, {"code": stage.apps[name].fresh_code(), "remember": "on"})
    client.post("/session/logout")
    return client


def is_asked(client, user):
    target = people.post_password(client, user)["Location"]
    client.post("/session/logout")
    return target == CHALLENGE


def age_browser(minutes):
    RememberedBrowser.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))
