"""Tokens of organizations and teams over the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent
from accounts.models.public_ids import public_id
from organizations.models import OrganizationToken
from tests.api.clients import ApiClient, api_client, document
from tests.api.programs import refusals
from tests.api.token_paths import ORGANIZATION, data_of, status_with, team_path, tokens_path
from tests.support.organizations import make_stage
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "body", [None, "null", "{}", '{"data": null}', document("x"), document("y", expired_at=None)]
)
def test_an_organization_gets_one_token_whatever_clients_send(alice, acme, body):
    client = api_client(alice)
    assert client.get(ORGANIZATION).status_code == 404

    made = client.post(ORGANIZATION, body)
    secret = data_of(made)["attributes"]["token"]

    assert made.status_code == 201
    assert status_with(secret, "/organizations/acme") == 200
    assert data_of(client.get(ORGANIZATION))["id"] == data_of(made)["id"]
    assert data_of(client.get(ORGANIZATION))["attributes"]["token"] is None
    assert data_of(made)["links"]["self"] == "/api/v2/organizations/acme/authentication-token"


@pytest.mark.parametrize("of_team", [False, True])
def test_a_new_token_takes_the_place_of_the_former_one_and_deleting_leaves_none(alice, acme, of_team):
    client, path = api_client(alice), team_path() if of_team else ORGANIZATION

    first, second = [data_of(client.post(path))["attributes"]["token"] for _ in range(2)]
    statuses = [status_with(secret, "/organizations/acme") for secret in (first, second)]
    deleted = [client.delete(path, "null").status_code for _ in range(2)]

    assert statuses == [401, 200]
    assert deleted == [204, 404]
    assert status_with(second, "/organizations/acme") == 401
    events = AuditEvent.objects.filter(event__startswith="organization.token").order_by("pk")
    assert [event.event.rpartition("_")[2] for event in events] == ["created", "created", "revoked"]
    assert events[1].data["replaced"] == events[0].data["made"]


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_there_is_no_token_for_audit_trails(alice, acme, method):
    client = api_client(alice)
    client.post(ORGANIZATION)

    response = getattr(client, method)(f"{ORGANIZATION}?token=audit-trails")

    assert response.status_code == 400
    assert response.json()["errors"][0]["source"] == {"parameter": "token"}
    assert OrganizationToken.objects.count() == 1


def test_owners_are_told_and_what_to_do_about_it(alice, acme, mailoutbox):
    client = api_client(alice)
    mailoutbox.clear()

    client.post(team_path())
    client.post(ORGANIZATION)

    assert [mail.to for mail in mailoutbox] == [[alice.email]] * 2
    for mail in mailoutbox:
        assert "By: alice, with an API token" in mail.body
        assert "/app/acme/settings/authentication-tokens" in mail.body


def test_the_owners_token_makes_tokens_that_are_no_more_than_it_is_itself(alice, acme):
    """Its maker counts as the maker of those tokens, too, so every token can be traced to a person."""
    end = f"{timezone.now() + timedelta(days=20):%Y-%m-%dT12:00:00.000Z}"
    made = api_client(alice).post(team_path(), document("x", expired_at=end))
    client = ApiClient(data_of(made)["attributes"]["token"])

    other = client.post(ORGANIZATION)
    own = client.post(team_path())

    assert data_of(other)["attributes"]["expired-at"] == end
    assert data_of(own)["attributes"]["expired-at"] == end
    assert client.get(ORGANIZATION).status_code == 401  # it has replaced itself
    assert data_of(own)["relationships"]["created-by"]["data"]["id"] == public_id("user", alice.pk)


def test_the_organization_token_makes_none_and_sees_no_team(alice, acme):
    owner = api_client(alice)
    client = ApiClient(data_of(owner.post(ORGANIZATION))["attributes"]["token"])

    for method in ("get", "post", "delete"):
        assert getattr(client, method)(ORGANIZATION).status_code == 403
        assert getattr(client, method)(team_path()).status_code == 404
    assert OrganizationToken.objects.count() == 1


def test_what_belongs_to_nobody_reaches_no_tokens_of_people(alice, acme):
    client = ApiClient(data_of(api_client(alice).post(team_path()))["attributes"]["token"])
    own = ApiToken.objects.get().public_id

    assert client.get(tokens_path(alice)).status_code == 404
    assert client.post(tokens_path(alice), document("x", description="x")).status_code == 404
    assert client.get(f"/authentication-tokens/{own}").status_code == 404
    assert client.delete(f"/authentication-tokens/{own}").status_code == 404


def test_only_owners_make_them(stage):
    open_, fort = team_path("open"), team_path("fort")
    path = "/organizations/open/authentication-token"
    expected = {"olga": (404, 201), "mia": (403, 403), "max": (403, 403), "eve": (404, 404)}

    for name, statuses in expected.items():
        client = api_client(stage.people[name])
        for where in (open_, path):
            assert (client.get(where).status_code, client.post(where).status_code) == statuses, name
    assert api_client(stage.mia).get(fort).status_code == 403  # locked out
    assert api_client(stage.eve).get(fort).status_code == 404
    assert OrganizationToken.objects.count() == 2


@pytest.fixture
def stage(transactional_db):
    return make_stage()


def test_a_token_made_without_two_factor_makes_none_for_a_mandatory_organization(stage):
    client = api_client(stage.olga, verified=False)

    for path in (team_path("fort"), "/organizations/fort/authentication-token", team_path("open")):
        assert client.post(path).status_code == 403

    assert not OrganizationToken.objects.exists()


def test_a_team_token_made_without_two_factor_does_little_once_that_is_required(stage):
    secret = data_of(api_client(stage.una).post(team_path("open")))["attributes"]["token"]
    # Nor does the one that it has made.
    client = ApiClient(data_of(ApiClient(secret).post(team_path("open")))["attributes"]["token"])
    stage.enrol("una")
    stage.browser("olga").post("/app/open/settings/authentication/require-two-factor")

    refused = client.post("/organizations/open/authentication-token")

    assert client.get("/organizations/open").status_code == 200
    assert refusals(refused) == [("403", "two-factor required", None)]
    assert "/app/open/settings/authentication-tokens" in refused.content.decode()


def test_a_token_outlives_whoever_made_it_in_the_organization(stage):
    secret = data_of(api_client(stage.olga).post(team_path("open")))["attributes"]["token"]

    stage.browser("olga").post("/app/open/leave")

    assert ApiClient(secret).get("/organizations/open").status_code == 200
    assert api_client(stage.olga).get(team_path("open")).status_code == 404


def test_a_deleted_organization_takes_its_tokens_along(alice, acme):
    client = api_client(alice)
    secrets = [data_of(client.post(path))["attributes"]["token"] for path in (ORGANIZATION, team_path())]

    response = sign_in(alice).post("/app/acme/settings/general/delete", {"name": "acme"})

    assert response.status_code == 302
    assert not OrganizationToken.objects.exists()
    assert [status_with(secret) for secret in secrets] == [401, 401]


@pytest.mark.parametrize(
    "name", ["teams/team-0000000000009999", "teams/team-1", "teams/x", "organizations/nowhere"]
)
def test_what_is_no_organization_has_no_tokens(alice, acme, name):
    client = api_client(alice)

    for method in ("get", "post", "delete"):
        assert getattr(client, method)(f"/{name}/authentication-token").status_code == 404
