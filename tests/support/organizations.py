"""Create the stage of the authorization matrix: its people, and the organizations `open` and `fort`."""

import base64
import copy
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import factors, signals
from accounts.audit import Actor
from accounts.factors.totp.factor import secret_of
from accounts.models import Session, User
from accounts.two_factor import enrolment
from organizations import lifecycle
from organizations.members import invitations, memberships
from organizations.models import AuthPolicy, Membership, Organization, OrganizationCounts
from organizations.policy import two_factor
from tests.support.crawler import undone
from tests.support.people import Authenticator, make_user, sign_in

SERVER = Actor.command()


def found(name, owner, *, owners=(), members=()):
    """Create and return an organization with these people in it."""
    organization = lifecycle.create_organization(name, f"hello@{name}.example", owner=owner, actor=SERVER)
    for user in [*owners, *members]:
        join(organization, user)
    for user in owners:
        memberships.make_owner(organization, membership_of(user, name).pk, actor=SERVER)
    return organization


def join(organization, user):
    invitation = invitations.invite(organization, user.username, actor=actor_of(user))
    invitations.accept(invitation.pk, user=user, actor=SERVER)


def actor_of(user):
    """Return an actor at the command line; it names the user, so that limits count per user."""
    return Actor(user=user, ip=None, user_agent="", door="command")


def require(organization):
    two_factor.set_auth_policy(organization, AuthPolicy.TWO_FACTOR_MANDATORY, actor=SERVER)


def lift(organization):
    two_factor.set_auth_policy(organization, AuthPolicy.PASSWORD, actor=SERVER)


def membership_of(user, name):
    return Membership.objects.get(organization__name=name, user=user)


def is_mandatory(name):
    return Organization.objects.get(name=name).is_mandatory


def counts_of(name):
    """Return (members, members without two-factor, invited)."""
    counts = OrganizationCounts.objects.get(organization__name=name)
    return counts.members, counts.members_without_two_factor, counts.invited


def let_sudo_expire(user):
    Session.objects.filter(user=user).update(proved_at=timezone.now() - timedelta(minutes=6))


def enrolled(user):
    """Enrol a user and return the application. Does not use pages, which are slow."""
    factor = factors.get("app")
    with transaction.atomic():
        state = factor.begin_enrolment(user)
        secret = secret_of(factor.device_model.objects.get(pk=state["device_id"]))
        app = Authenticator(user, base64.b32encode(secret).decode())
        assert factor.complete_enrolment(user, app.code(), state)
        app.codes = enrolment.switch_on(user, factor.level)
        signals.two_factor_changed.send(User, user=user, enabled=True)
    return app


@dataclass
class Stage:
    """olga and oscar own fort; olga and una own open; mia (no two-factor) and max are members of both."""

    people: dict = field(default_factory=dict)
    apps: dict = field(default_factory=dict)
    browsers: dict = field(default_factory=dict)
    cookies: dict = field(default_factory=dict)  # (security stamp, cookies) of who is signed in already

    def __getattr__(self, name):
        return self.people[name]

    def browser(self, name):
        """Return the browser in which this person is fully signed in; for "anonymous", a new one."""
        if name == "anonymous":
            return Client()
        if name not in self.browsers:
            self.browsers[name] = self.signed_in_before(name) or sign_in(
                self.people[name], self.apps.get(name)
            )
        return self.browsers[name]

    def signed_in_before(self, name):
        """Return a browser that was signed in with the stage, as if just now; None if it is signed out."""
        user, (stamp, cookies) = self.people[name], self.cookies.get(name, ("", {}))
        if not User.objects.filter(pk=user.pk, security_stamp=stamp).exists():
            return None
        client, now = Client(), timezone.now()
        client.cookies = SimpleCookie(cookies)
        Session.objects.filter(user=user).update(proved_at=now, last_used_at=now)
        return client

    def sign_everybody_in(self):
        """Keep the cookies of a browser of each person: most tests of a module ask for one or two."""
        for name, user in self.people.items():
            cookies = {key: morsel.value for key, morsel in self.browser(name).cookies.items()}
            self.cookies[name] = (User.objects.get(pk=user.pk).security_stamp, cookies)

    def enrol(self, name):
        self.apps[name] = enrolled(self.people[name])


def make_stage():
    stage = Stage()
    for name in ["olga", "oscar", "una", "mia", "max", "eve", "root"]:
        is_admin = name == "root"
        stage.people[name] = make_user(name, is_staff=is_admin, is_superuser=is_admin)
    for name in ["olga", "oscar", "max", "eve", "root"]:
        stage.enrol(name)
    people = stage.people
    found("open", people["olga"], owners=[people["una"]], members=[people["mia"], people["max"]])
    require(found("fort", people["olga"], owners=[people["oscar"]], members=[people["max"], people["mia"]]))
    return stage


@pytest.fixture(scope="module")
def first_stage(django_db_setup, django_db_blocker):
    """Made once for a module, since it takes longer than most tests."""
    with django_db_blocker.unblock(), undone():
        yield make_stage()


@pytest.fixture
def stage(first_stage, db):
    """As it was made: what the test before did to it is undone, and its people are copies.

    Tests that commit, because real servers read along, make a stage for each of them: this one lives in an
    open transaction.
    """
    return Stage(*copy.deepcopy((first_stage.people, first_stage.apps)), cookies=first_stage.cookies)
