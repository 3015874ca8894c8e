"""Create the browsers that crawl the site (tests/support/crawler.py): one for each state of a person."""

import logging
import secrets
from datetime import timedelta
from functools import cached_property

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts.admin import ACTIONS
from accounts.audit import Actor
from accounts.models import Level, User
from accounts.users import email_addresses, passwords
from accounts.users.site_invitations import invite_to_site
from organizations.models import InvitationBatch, InvitationBatchRow, Organization
from organizations.policy import schedule
from tests.accounts.factors.sms.conftest import enrol_phone, start_phone
from tests.support import people
from tests.support.crawler import Walker, dump, routes, undone
from tests.support.organizations import SERVER, found, let_sudo_expire, make_stage, membership_of


def anonymous(stage):
    return Client()


def pending(stage):
    """Return the browser of a person with two-factor who has given the correct password."""
    client = Client()
    people.post_password(client, stage.max)
    return client


def setting_up(stage):
    """Return the browser of an owner without two-factor who is enrolling."""
    client = stage.browser("una")
    people.start_enrolment(client)
    return client


def locked_out(stage):
    """Return the browser of a member without sudo, of an open organization and of one that locks them out."""
    client = stage.browser("mia")
    let_sudo_expire(stage.mia)
    return client


def owner(stage):
    """Return the browser of an owner of two organizations.

    One has one token and can have another, and two lists of invitations: one runs, and one was stopped. The
    other does not accept personal tokens, and has a date.
    """
    for state in ("running", "stopped"):
        list_of_invitations(stage.olga, "open", state)
    browser = stage.browser("olga")
    browser.post("/app/fort/settings/authentication-tokens/personal/disable")
    at = timezone.now() + timedelta(days=12)
    schedule.schedule(Organization.objects.get(name="fort"), at, level=Level.APP, actor=SERVER)
    browser.post("/app/open/settings/authentication-tokens/organization/create", {"expires": "90"})
    return browser


def list_of_invitations(user, name, state, failed=3, left=5):
    """Write a list of people of whom some were invited, some could not be, and some are left; return it."""
    ended = (
        {} if state == "running" else {"finished_at": timezone.now(), "reason": "owner", "stopped_by": user}
    )
    batch = InvitationBatch.objects.create(
        organization=Organization.objects.get(name=name),
        key=secrets.token_hex(16),
        created_by=user.username,
        created_by_id=user.pk,
        state=state,
        total=failed + left,
        failed=failed,
        **ended,
    )
    kinds = [("failed", "unknown-user")] * failed
    kinds += [("waiting" if state == "running" else "stopped", "")] * left
    InvitationBatchRow.objects.bulk_create(
        InvitationBatchRow(batch=batch, position=number, who=f"ghost{number}", state=kind, problem=problem)
        for number, (kind, problem) in enumerate(kinds, start=1)
    )
    return batch


def expired(stage):
    """Return the browser of an owner with two-factor whose sudo has expired."""
    client = stage.browser("oscar")
    let_sudo_expire(stage.oscar)
    return client


def member(stage):
    """Return the browser of a member with several sessions, two remembered browsers and a token."""
    for _ in range(2):
        client = Client()
        people.post_password(client, stage.max)
        client.post("/session/two-factor", {"code": stage.apps["max"].fresh_code(), "remember": "on"})
    browser = stage.browser("max")
    browser.post("/app/settings/tokens/create", {"description": "ci", "expires": "90"})
    return browser


def with_phone(stage):
    """Return the browser of a person with an application and a phone."""
    user = people.make_user("twice")
    client = people.sign_in(user)
    people.enrol(user, client)
    return enrol_phone(user, client)


def adding_phone(stage):
    """Return the browser of a person who got a text and has not entered its code yet."""
    client = people.sign_in(people.make_user("adding"))
    start_phone(client, "(202) 555-0144")
    return client


def texted(stage):
    """Return the browser of a person with codes by text who has given the correct password."""
    user = people.make_user("texted")
    enrol_phone(user)
    client = Client()
    people.post_password(client, user)
    return client


def outsider(stage):
    """Return the browser of a person who owns an organization and is invited to another."""
    found("strange", stage.eve)
    stage.browser("olga").post("/app/open/settings/users/add", {"username": "eve"})
    return stage.browser("eve")


def staff(stage):
    """Return the browser of a site admin who has invited somebody."""
    invite_to_site("dora@example.com", actor=Actor.command())
    return stage.browser("root")


def newcomer(stage, name="newcomer"):
    """Return the browser of a person who has just signed up."""
    client = Client()
    client.post(
        "/account/new", {"username": name, "email": f"{name}@example.com", "password": people.PASSWORD}
    )
    return client


def confirming(stage):
    """Return the browser of a new person who has opened the link that confirms the address."""
    client = newcomer(stage, "confirming")
    token = email_addresses.CONFIRM.token_for(User.objects.get(username="confirming"))
    client.get(f"/account/confirm/{token}")
    return client


def resetting(stage):
    """Return a browser that has opened the link that sets a new password."""
    client = Client()
    client.get(f"/account/password/reset/{passwords.RESET.token_for(stage.max)}")
    return client


# Forms that several have are filled in by the first of them.
ACTORS = [
    anonymous,
    resetting,
    pending,
    owner,
    setting_up,
    member,
    with_phone,
    adding_phone,
    texted,
    outsider,
    staff,
    newcomer,
    confirming,
    expired,
    locked_out,
]
NAMES = [actor.__name__ for actor in ACTORS]


class Places:
    """What the arguments of routes can be: things that are there, and things that are somebody else's."""

    def __init__(self, stage):
        self.known = {
            "organization_name": ["open", "fort"],
            # A member, an owner, and an owner who has made a token.
            "membership_id": [
                membership_of(stage.people[name], "open").pk for name in ("max", "una", "olga")
            ],
            "batch_id": list(
                InvitationBatch.objects.filter(organization__name="open").values_list("pk", flat=True)
            ),
            "token": ["MTIz.made.up"],
            "page": ["two-factor"],
            "factor": ["app"],
            "token_id": list(stage.max.api_tokens.values_list("pk", flat=True)),
            "kind": ["organization", "owners"],
            "session_id": list(stage.max.sessions.values_list("pk", flat=True)),
            "browser_id": list(stage.max.remembered_browsers.values_list("pk", flat=True)),
            "pk": [stage.max.pk],
            "slug": list(ACTIONS),
            "app_label": ["accounts"],
            "content_type_id": [1],
            "url": ["nothing-of-this-kind"],
        }
        self.foreign = {
            "organization_name": ["strange"],
            "membership_id": [membership_of(stage.eve, "strange").pk],
            "factor": ["backup-codes"],
            "kind": ["audit-trails"],
        }

    def paths(self):
        """Return the paths of all routes, with each known value of each argument."""
        found = [
            self.path(route, **{name: value})
            for route in routes()
            for name in route.arguments
            for value in self.of(name, route)
        ]
        return list(dict.fromkeys([*(self.path(route) for route in routes()), *found]))

    def path(self, route, **others):
        return route.template % ({name: self.of(name, route)[0] for name in route.arguments} | others)

    def of(self, name, route):
        if name == "object_id" or (name == "pk" and "/siteinvitation/" in route.template):
            return [record_of(route).pk]  # of the admin site
        assert name in self.known, f"{route}: what can {name} be? Say it in tests/support/crawl_people.py"
        return self.known[name]


def record_of(route):
    """Return the first record of the model of this admin page."""
    _, _, app, model, *_ = route.template.split("/")
    kind = Organization if app == "r" else apps.get_model(app, model)
    return kind._default_manager.order_by("pk").first()


class Walk:
    """Everybody at once, and what they see of the site."""

    def __init__(self, stage):
        browsers = {actor.__name__: actor(stage) for actor in ACTORS}
        self.places = Places(stage)
        self.walkers = {name: Walker(browser) for name, browser in browsers.items()}
        before = dump()
        for walker in self.walkers.values():
            walker.before = before

    def __getitem__(self, name):
        return self.walkers[name]

    @cached_property
    def pages(self):
        """Return (walker, page) for every page that a walker can see."""
        return [
            (walker, page)
            for walker in self.walkers.values()
            for path in self.places.paths()
            if (page := walker.page(path))
        ]

    @cached_property
    def forms(self):
        """Return (walker, form) for each form of the site once, with a walker who sees it."""
        found = {}
        for walker, page in self.pages:
            for form in page.forms:
                found.setdefault(form.kind, (walker, form))
        return list(found.values())


@pytest.fixture(scope="module")
def everybody(django_db_setup, django_db_blocker):
    """Yield the Walk that the tests of a module share. Each test requests `db`, not `transactional_db`."""
    logging.disable()
    with django_db_blocker.unblock(), undone():
        yield Walk(make_stage())
    logging.disable(logging.NOTSET)
