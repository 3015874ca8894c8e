"""Tokens over the API: people's own, the organization's, and that of its owners' team."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, hash_of_token
from accounts.models.public_ids import public_id
from organizations.models import OrganizationToken
from tests.api.clients import ApiClient, api_client, document, token_of, token_of_organization
from tests.api.programs import refusals
from tests.api.token_paths import DETAILS, data_of, status_with, tokens_path
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


# ---------------------------------------------------------------- a token's life


def test_ap_03_a_revoked_token_opens_nothing(alice):
    client = api_client(alice)
    [token] = data_of(client.get(tokens_path(alice)))
    assert client.get(DETAILS).status_code == 200

    assert client.delete(f"/authentication-tokens/{token['id']}").status_code == 204

    assert client.get(DETAILS).status_code == 401


def test_ap_03_an_expired_token_opens_nothing(alice):
    secret = token_of(alice, expires_at=timezone.now() + timedelta(days=1))
    assert status_with(secret) == 200
    ApiToken.objects.update(expires_at=timezone.now())

    assert status_with(secret) == 401


@pytest.mark.parametrize("kind", ["organization", "owners"])
def test_tf4_ap_03_an_expired_token_of_an_organization_opens_nothing(acme, kind):
    secret = token_of_organization(acme, kind)
    assert status_with(secret, "/organizations/acme") == 200

    OrganizationToken.objects.update(expires_at=timezone.now())

    assert status_with(secret, "/organizations/acme") == 401


def test_ap_03_tokens_of_a_deactivated_account_open_nothing(alice):
    root = make_user("root", is_staff=True, is_superuser=True)
    desk = sign_in(root, enrol(root))
    secret = token_of(alice)

    desk.post(f"/admin/accounts/user/{alice.pk}/act/deactivate/", {"reason": "left"})

    assert status_with(secret) == 401


def test_ap_03_a_deleted_account_takes_its_tokens_along(alice):
    secret = token_of(alice)

    sign_in(alice).post("/app/settings/profile/delete", {"password": PASSWORD})

    assert not ApiToken.objects.exists()
    assert status_with(secret) == 401


def test_ap_03_a_new_password_keeps_tokens(alice):
    secret = token_of(alice)

    form = {"password": PASSWORD, "new_password": "another good sentence"}
    sign_in(alice).post("/app/settings/password", form)

    assert status_with(secret) == 200


def test_ap_03_what_was_made_behind_two_factor_counts_no_longer_once_that_is_off(alice):
    app = enrol(alice)
    browser = sign_in(alice, app)
    client = api_client(alice)
    assert (
        client.post(tokens_path(alice), document("authentication-tokens", description="x")).status_code == 201
    )

    browser.post(f"{TWO_FACTOR}/disable", {"password": PASSWORD})
    enrol(alice, browser)
    refused = client.post(tokens_path(alice), document("authentication-tokens", description="y"))

    assert client.get(DETAILS).status_code == 200
    assert refusals(refused) == [("403", "two-factor required", None)]
    assert not ApiToken.objects.latest("pk").counts_as_verified


# ---------------------------------------------------------------- AP-04: only behind a fresh proof


def test_ap_04_a_token_without_two_factor_makes_none_once_its_owner_has_it(alice):
    client = api_client(alice)
    enrol(alice)

    response = client.post(tokens_path(alice), document("authentication-tokens", description="x"))

    assert refusals(response) == [("403", "two-factor required", None)]
    assert ApiToken.objects.count() == 1


def test_what_a_token_makes_is_no_more_than_it_is_itself(alice):
    enrol(alice)
    end = timezone.now() + timedelta(days=5)
    client = ApiClient(token_of(alice, expires_at=end))

    made = data_of(client.post(tokens_path(alice), document("authentication-tokens", description="y")))

    assert all(ApiToken.objects.values_list("verified", flat=True))
    assert made["attributes"]["expired-at"][:19] == end.isoformat()[:19]


# ---------------------------------------------------------------- AP-05: shown once


def test_ap_05_the_token_is_in_the_answer_to_its_making_and_nowhere_else(alice):
    client = api_client(alice)

    response = client.post(tokens_path(alice), document("authentication-tokens", description="ci"))
    secret = data_of(response)["attributes"]["token"]
    shown = client.get(f"/authentication-tokens/{data_of(response)['id']}")
    listed = client.get(tokens_path(alice))

    assert response.headers["Cache-Control"] == "no-store"
    assert status_with(secret) == 200
    for answer in (shown, listed):
        assert secret not in answer.content.decode()
        assert hash_of_token(secret) not in answer.content.decode()
    assert [token["attributes"]["token"] for token in data_of(listed)] == [None, None]


def test_a_token_shows_what_it_is_for_and_when_it_was_used(alice):
    client = api_client(alice)
    end = "2030-01-31T12:00:00+02:00"

    made = data_of(
        client.post(
            tokens_path(alice),
            document("authentication-tokens", description=" for <b>CI</b> ", expired_at=end),
        )
    )
    ApiClient(made["attributes"]["token"]).get(DETAILS)
    shown = data_of(client.get(made["links"]["self"]))

    assert made["attributes"]["last-used-at"] is None
    assert shown["attributes"].pop("created-at")
    assert shown["attributes"].pop("last-used-at")
    assert shown["attributes"] == {
        "description": "for <b>CI</b>",
        "token": None,
        "expired-at": "2030-01-31T10:00:00.000Z",
    }
    assert shown["type"] == "authentication-tokens"
    assert shown["relationships"]["created-by"]["data"]["id"] == public_id("user", alice.pk)


# ---------------------------------------------------------------- AP-06: found by its hash, whole


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: ("a" if text[0] != "a" else "b") + text[1:],
        lambda text: text.partition(".")[0],
        lambda text: text.replace(".atlasv1.", ".atlasv2."),
        lambda text: text[:-1] + "%",
    ],
)
def test_ap_06_a_part_of_a_token_or_one_that_is_nearly_right_opens_nothing(alice, spoil):
    """More of these are in tests/api/test_attacks.py, AP-01."""
    assert status_with(spoil(token_of(alice))) == 401


def test_ap_06_a_token_is_looked_up_by_its_hash_so_no_place_of_it_takes_longer(alice):
    """The database never sees the text, and compares digests that differ everywhere."""
    secret = token_of(alice)
    first, last = ("B" if secret[0] == "A" else "A"), ("B" if secret[-1] == "A" else "A")
    wrong = [secret[:-1] + last, first + secret[1:]]
    asked = []
    for text in wrong:
        with CaptureQueriesContext(connection) as queries:
            assert status_with(text) == 401
        asked.append([query["sql"] for query in queries])
        assert not any(text[:14] in sql for sql in asked[-1])
        assert any(hash_of_token(text) in sql for sql in asked[-1])

    assert len(asked[0]) == len(asked[1])


# ---------------------------------------------------------------- revoking


def test_a_token_without_two_factor_may_end_itself_and_no_other(alice):
    client = api_client(alice)
    enrol(alice)
    other = token_of(alice)
    mine, others = ApiToken.objects.order_by("pk")

    refused = client.delete(f"/authentication-tokens/{others.public_id}")
    ended = client.delete(f"/authentication-tokens/{mine.public_id}", "null")

    assert refusals(refused) == [("403", "two-factor required", None)]
    assert ended.status_code == 204
    assert status_with(other) == 200


def test_each_change_is_recorded_once_with_the_token_that_did_it(alice):
    client = api_client(alice)
    maker = ApiToken.objects.get().public_id

    made = data_of(client.post(tokens_path(alice), document("authentication-tokens", description="x")))
    client.delete(f"/authentication-tokens/{made['id']}")

    events = AuditEvent.objects.filter(event__startswith="token.", door="api").order_by("pk")
    assert [(event.event, event.data) for event in events] == [
        ("token.created", {"made": made["id"], "description": "x", "token": maker}),
        ("token.revoked", {"revoked": made["id"], "description": "x", "token": maker}),
    ]
    assert {event.actor for event in events} == {"user:alice"}


def test_who_is_told_that_a_program_made_a_token(alice, mailoutbox):
    client = api_client(alice)
    mailoutbox.clear()

    client.post(tokens_path(alice), document("authentication-tokens", description="nightly build"))

    [mail] = mailoutbox
    assert mail.to == [alice.email]
    assert "nightly build" in mail.body
    assert "with another one of your tokens" in mail.body


# ---------------------------------------------------------------- discovery


def test_terraform_finds_its_services():
    response = Client().get("/.well-known/terraform.json")

    assert response.headers["Content-Type"] == "application/json"
    services = response.json()
    assert {services[name] for name in ("tfe.v2", "tfe.v2.1", "tfe.v2.2")} == {"/api/v2/"}
    assert services["modules.v1"] == "/api/registry/v1/modules/"
    assert not [name for name in services if name.startswith("login")]
