"""schemathesis asks the application all that docs/openapi.yaml says it takes, and much that it does not."""

import re
from collections import Counter
from contextlib import contextmanager

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import settings
from schemathesis.config import SchemathesisConfig

from accounts.models import User
from accounts.models.public_ids import public_id
from organizations.models import Organization, OrganizationToken
from tests.api.clients import token_of, token_of_organization
from tests.api.test_openapi import DOCUMENT
from tests.support.crawler import undone
from tests.support.environment import ROOT
from tests.support.organizations import make_stage, membership_of

pytestmark = pytest.mark.django_db

METHODS_THAT_CHANGE = ("POST", "PATCH", "PUT", "DELETE")
# What happens in one test must not change what is asked in the next: tests are spread over processes.
ALONE = {"extra-data-sources": {"responses": False}}


def also_answers(*statuses):
    """Well-formed requests are taken, or refused to this token; some may be refused for other reasons."""
    return {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", *statuses]}}


def description(examples, phases):
    """A description of its own for each test, which asks the same in each run."""
    generation = {
        "deterministic": True,
        "max-examples": examples,
        "database": "none",
        # No schema can say that a text has no NUL; tests/api/test_bad_bodies.py sends them.
        "allow-x00": False,
        # The token comes from the test. The check `ignored_auth` takes it away by itself.
        "with-security-parameters": False,
    }
    operations = [
        # Whoever has no two-factor authentication.
        {"include-operation-id": "disableTwoFactor", "checks": also_answers("400", "422")},
        # A cursor is good only as it stands in links.next.
        {"include-operation-id": "listMemberships", "checks": also_answers("400")},
        # What no schema can say: taken names, weak or wrong passwords, last owners.
        *({"include-method": method, "checks": also_answers("422")} for method in METHODS_THAT_CHANGE),
        # A new organization has no token.
        *(
            {"include-operation-id": name, "checks": {"ensure_resource_availability": {"enabled": False}}}
            for name in (
                "readOrganizationToken",
                "deleteOrganizationToken",
                "readTeamToken",
                "deleteTeamToken",
            )
        ),
    ]
    config = {
        "seed": 1,
        "generation": generation,
        "operations": operations,
        "phases": phases,
        "analysis": {"constants": {"enabled": False}},  # which would depend on what was imported before
    }
    schema = schemathesis.openapi.from_path(
        ROOT / "docs" / "openapi.yaml", config=SchemathesisConfig.from_dict(config)
    )
    schema.app = get_wsgi_application()
    return schema


# Strangers are turned away before anybody reads what they sent: the many forms of it make no difference.
for_strangers = description(5, {"coverage": {"enabled": False}})
for_owners = description(8, {"coverage": ALONE, "fuzzing": ALONE | {"error-feedback": {"enabled": False}}})
for_stories = description(8, {})
# The ids in addresses, by the names of their parameters: their patterns and examples.
IDS = {
    parameter["name"]: DOCUMENT["components"]["schemas"][parameter["schema"]["$ref"].rpartition("/")[2]]
    for parameter in DOCUMENT["components"]["parameters"].values()
    if parameter["in"] == "path"
}


@contextmanager
def connection_kept():
    """As Django's own test client has it: a request inside a transaction must not close the connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class World:
    """The token of somebody who may do everything, and what the ids in addresses can name."""

    def __init__(self, stage):
        User.objects.filter(pk=stage.olga.pk).update(is_staff=True, is_superuser=True)
        organization = Organization.objects.get(name="fort")
        for kind in OrganizationToken.Kind:
            token_of_organization(organization, kind)
        self.token = token_of(stage.olga)
        token_of(stage.olga)
        self.there = {
            "user_id": public_id("user", stage.olga.pk),
            "token_id": stage.olga.api_tokens.latest("pk").public_id,
            "team_id": public_id("team", organization.pk),
            "membership_id": public_id("ou", membership_of(stage.max, "fort").pk),
            "organization_name": organization.name,
        }
        self.patient = public_id("user", stage.eve.pk)  # who has two-factor, and owns nothing

    def lead_somewhere(self, case):
        """Let examples, and every other address of the right form, be those of something that is there."""
        there = self.there | ({"user_id": self.patient} if "/admin/" in case.path else {})
        for name, value in there.items():
            drawn = case.path_parameters.get(name)
            if not isinstance(drawn, str) or not re.fullmatch(IDS[name]["pattern"], drawn):
                continue
            if drawn in IDS[name]["examples"] or ord(drawn[-1]) % 2:
                case.path_parameters[name] = value


@for_stories.auth()
class OwnersToken:
    secret = ""

    def get(self, case, context):
        return self.secret

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection_kept(), undone():
        world = Story.world = World(make_stage())
        OwnersToken.secret = world.token
        yield world


class Story(for_stories.as_state_machine()):
    """Requests that follow from each other's answers: what was made is read, changed, deleted, then gone."""

    world = None
    answers = Counter()

    def setup(self):
        self.undone = undone()
        self.undone.__enter__()

    def teardown(self):
        self.undone.__exit__(None, None, None)
        super().teardown()

    def before_call(self, case):
        self.world.lead_somewhere(case)
        # An empty object is written as nothing, and nothing stands for the default.
        for name, value in (case.query or {}).items():
            if value in ({}, []):
                case.query[name] = str(value)

    def after_call(self, response, case):
        self.answers[response.status_code] += 1


@for_owners.parametrize()
def test_owners_meet_what_is_described(case, world):
    world.lead_somewhere(case)
    headers = {"Authorization": f"Bearer {world.token}"}
    with undone():
        response = case.call_and_validate(headers=headers)
    assert response.status_code != 401


@for_strangers.parametrize()
def test_strangers_meet_what_is_described(case, world):
    world.lead_somewhere(case)
    with undone():
        case.call_and_validate()


def test_what_follows_from_each_other_is_described(world):
    Story.run(settings=settings(max_examples=60, stateful_step_count=8, deadline=None, derandomize=True))
    assert Story.answers[201]
    assert Story.answers[204]
