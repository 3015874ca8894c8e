"""schemathesis asks the application everything that docs/openapi.yaml says it takes, and much that it does not."""

import re
from contextlib import contextmanager

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from schemathesis.config import SchemathesisConfig

from accounts.audit import Actor
from accounts.ids import public_id
from accounts.models import User
from organizations import tokens
from organizations.models import Organization, OrganizationToken
from tests.api.clients import token_of
from tests.api.test_openapi import DOCUMENT
from tests.environment import ROOT
from tests.organizations.stage import make_stage, membership_of

pytestmark = pytest.mark.django_db

# A 422 is what no schema can say: taken names, weak or wrong passwords, last owners.
CHANGES = {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422"]}}
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {"deterministic": True, "max-examples": 12, "database": "none"},
        "operations": [
            {"include-method": method, "checks": CHANGES} for method in ("POST", "PATCH", "PUT", "DELETE")
        ],
    }
)
PATTERNS = {
    parameter["name"]: DOCUMENT["components"]["schemas"][parameter["schema"]["$ref"].rpartition("/")[2]]["pattern"]
    for parameter in DOCUMENT["components"]["parameters"].values()
    if parameter["in"] == "path"
}

schema = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.yaml", config=CONFIG)
schema.app = get_wsgi_application()


@contextmanager
def undone_afterwards():
    """What happens in here has not happened: every request meets the same people and organizations."""
    block = transaction.atomic()
    block._from_testcase = True  # the product's own transactions take it for none
    with block:
        yield
        transaction.set_rollback(True)


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
            tokens.replace(organization, kind, expires_at=None, verified=True, actor=Actor.command())
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
        """Of two addresses of the right form, let one be that of something that is there."""
        there = self.there | ({"user_id": self.patient} if "/admin/" in case.path else {})
        for name, value in there.items():
            drawn = case.path_parameters.get(name)
            if isinstance(drawn, str) and re.fullmatch(PATTERNS[name], drawn) and ord(drawn[-1]) % 2 == 0:
                case.path_parameters[name] = value


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection_kept(), undone_afterwards():
        yield World(make_stage())


@schema.parametrize()
def test_owners_meet_what_is_described(case, world):
    world.lead_somewhere(case)
    with undone_afterwards():
        case.call_and_validate(headers={"Authorization": f"Bearer {world.token}"})


@schema.parametrize()
def test_strangers_meet_what_is_described(case, world):
    world.lead_somewhere(case)
    with undone_afterwards():
        case.call_and_validate()
