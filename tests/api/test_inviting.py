"""Invitations over the API (D24)."""

import re

import pytest

from accounts.models import AuditEvent
from accounts.models.public_ids import public_id
from organizations.models import Membership, Organization
from tests.api.members import OPEN, TEAMS, into, invitation
from tests.api.programs import Kind, attributes, organization_program, program, refusals, team
from tests.support import people
from tests.support.organizations import counts_of


def test_an_address_is_invited(stage):
    response = program(stage, "olga").post(OPEN, invitation(email="New@Example.com"))

    assert response.status_code == 201
    shown = attributes(response)
    assert (shown["status"], shown["email"], shown["username"]) == ("invited", "new@example.com", None)
    [user] = response.json()["included"]
    assert response.json()["data"]["relationships"]["user"]["data"] == {"type": "users", "id": user["id"]}
    assert (user["attributes"]["username"], user["attributes"]["email"]) == (None, "new@example.com")
    assert counts_of("open") == (4, 2, 1)


def test_d24_known_unknown_and_unconfirmed_addresses_get_the_same_answer(stage):
    people.make_user("unconfirmed", email_confirmed_at=None)
    client = program(stage, "olga")
    answers = []

    for address in ("eve@example.com", "unconfirmed@example.com", "nobody@example.com", "mia@example.com"):
        answer = client.post(OPEN, invitation(email=address))
        assert answer.status_code == 201
        text = answer.content.decode().replace(address, "the-address")
        number = f"{Membership.objects.get(email=address).pk:015}"
        assert f"user-i{number}" in text
        text = text.replace(number, "the-number")
        answers.append(re.sub(r'"created-at":"[^"]+"', "", text))

    assert answers[1:] == answers[:-1]


def test_a_name_is_invited_and_comes_with_the_answer(stage):
    response = program(stage, "olga").post(OPEN, invitation(username="EVE"))

    assert attributes(response)["username"] == "eve"
    [user] = response.json()["included"]
    assert user["id"] == public_id("user", stage.eve.pk)
    assert "email" not in user["attributes"]
    assert "two-factor" not in user["attributes"]
    assert "eve@example.com" not in response.content.decode()


def test_inviting_again_renews_it(stage):
    client = program(stage, "olga")
    first = client.post(OPEN, invitation(email="new@example.com"))

    again = client.post(OPEN, invitation(email="NEW@example.com"))

    assert again.status_code == 201
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    assert counts_of("open") == (4, 2, 1)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ({}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"email": 7}, "email"),
        ({"email": ["a@b.example"]}, "email"),
        ({"email": "ä@example.com"}, "email"),
        ({"username": "nobody"}, "username"),
        ({"username": "mia"}, "username"),
        ({"username": "a@b.example"}, "username"),
        ({"username": {}}, "username"),
    ],
)
def test_who_cannot_be_invited(stage, sent, name):
    response = program(stage, "olga").post(OPEN, invitation(**sent))

    assert refusals(response) == [("422", "invalid attribute", f"/data/attributes/{name}")]
    assert counts_of("open") == (4, 2, 0)


@pytest.mark.parametrize("name", ["open", "fort", "nothing"])
def test_nobody_is_invited_into_a_team(stage, name):
    pk = name if name == "nothing" else team(name)

    response = program(stage, "olga").post(
        OPEN, invitation(relationships=into(stage, pk), email="x@example.com")
    )

    assert refusals(response) == [("422", "invalid relationship", TEAMS)]
    assert counts_of("open") == (4, 2, 0)


@pytest.mark.parametrize("relationships", [{"teams": {"data": []}}, {"teams": None}, {"teams": {}}, {}, None])
def test_no_teams_are_no_hindrance(stage, relationships):
    response = program(stage, "olga").post(
        OPEN, invitation(relationships=relationships, email="x@example.com")
    )

    assert response.status_code == 201


@pytest.mark.parametrize(
    "teams", ["x", {"data": "x"}, {"data": [7]}, {"data": [{"type": "users", "id": "x"}]}]
)
def test_teams_of_the_wrong_shape(stage, teams):
    response = program(stage, "olga").post(
        OPEN, invitation(relationships={"teams": teams}, email="x@example.com")
    )

    assert response.status_code in (409, 422)
    assert refusals(response)[0][2].startswith("/data/relationships")


def test_strangers_are_not_flooded(stage):
    client = program(stage, "olga")
    for _ in range(5):
        assert client.post(OPEN, invitation(email="x@example.com")).status_code == 201

    response = client.post(OPEN, invitation(email="x@example.com"))

    assert refusals(response)[0][:2] == ("422", "limit reached")
    assert "Retry-After" not in response


def test_the_tokens_of_the_organization_invite_and_members_do_not(stage):
    organization = Organization.objects.get(name="open")
    for number, kind in enumerate(Kind):
        client = organization_program(organization, kind)
        assert client.post(OPEN, invitation(email=f"x{number}@example.com")).status_code == 201
        event = AuditEvent.objects.get(
            event="organization.member_invited", data__email=f"x{number}@example.com"
        )
        assert event.actor.startswith("organization:open")

    response = program(stage, "max").post(OPEN, invitation(email="y@example.com"))

    assert refusals(response) == [("403", "forbidden", None)]
    assert counts_of("open") == (4, 2, 2)
