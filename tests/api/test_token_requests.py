"""Lists of tokens over the API, and what is sent to make one."""

import pytest

from accounts.models import ApiToken
from accounts.models.public_ids import public_id
from organizations.models import OrganizationToken
from tests.api.clients import api_client, document, token_of
from tests.api.programs import refusals
from tests.api.token_paths import ORGANIZATION, data_of, team_path, tokens_path
from tests.support.organizations import found

pytestmark = pytest.mark.django_db(transaction=True)


# ---------------------------------------------------------------- lists


def test_all_tokens_are_listed_newest_first_unless_pages_are_asked_for(alice):
    client = api_client(alice)
    for number in range(24):
        token_of(alice, description=f"token {number}")

    everything = client.get(tokens_path(alice)).json()
    page = client.get(f"{tokens_path(alice)}?page[number]=2").json()

    assert set(everything) == {"data"}
    assert len(everything["data"]) == 25
    assert everything["data"][0]["attributes"]["description"] == "token 23"
    assert [token["id"] for token in page["data"]] == [token["id"] for token in everything["data"][20:]]
    assert page["meta"]["pagination"]["total-count"] == 25


def fill(user, number):
    tokens = [ApiToken(owner=user, token_hash=str(n), description=f"token {n}") for n in range(number)]
    ApiToken.objects.bulk_create(tokens)


def test_a_hundred_tokens_are_listed_in_two_statements(alice, django_assert_num_queries):
    client = api_client(alice)
    fill(alice, 99)
    client.get("/ping")

    with django_assert_num_queries(2):
        listed = client.get(tokens_path(alice))

    assert len(data_of(listed)) == 100
    assert "meta" not in listed.json()


def test_sf5_more_than_a_hundred_tokens_come_in_pages(alice):
    client = api_client(alice)
    fill(alice, 100)

    listed = client.get(tokens_path(alice)).json()

    assert len(listed["data"]) == 20
    assert listed["meta"]["pagination"]["total-count"] == 101
    assert "page%5Bnumber%5D=2" in listed["links"]["next"]


def test_sf5_two_hundred_tokens_that_work_are_enough_for_programs(alice):
    client = api_client(alice)
    fill(alice, 199)

    refused = client.post(tokens_path(alice), document("authentication-tokens", description="one more"))

    assert refusals(refused) == [("422", "too-many-tokens", None)]
    assert "Revoke those that you no longer need" in refused.json()["errors"][0]["detail"]
    assert ApiToken.objects.count() == 200


def test_tokens_of_somebody_else_are_not_there(alice, mallory):
    token_of(alice)
    own = public_id("at", ApiToken.objects.get().pk)
    client = api_client(mallory)
    nobody = f"/users/{public_id('user', 999_999)}/authentication-tokens"

    for path in (tokens_path(alice), nobody, "/users/me/authentication-tokens"):
        assert client.get(path).json() == {"data": []}
        assert client.get(f"{path}?page[size]=5").json()["data"] == []
        assert client.post(path, document("authentication-tokens", description="x")).status_code == 404
    assert client.get(f"/authentication-tokens/{own}").status_code == 404
    assert client.delete(f"/authentication-tokens/{own}").status_code == 404
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize(
    "text", ["at-1", "at-0000000000009999", "at-000000000000000x", "user-0000000000000001", "x"]
)
def test_what_is_no_token_is_not_found(alice, text):
    client = api_client(alice)

    assert client.get(f"/authentication-tokens/{text}").status_code == 404
    assert client.delete(f"/authentication-tokens/{text}").status_code == 404


# ---------------------------------------------------------------- what is sent


@pytest.mark.parametrize(
    "value",
    [
        "tomorrow",
        "",
        "2030-01-31",
        "2030-W05-4",
        "20300131",
        "2020-01-31T12:00:00Z",
        "0001-01-01T00:00:00+12:00",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59Z",
        "2030-02-31T12:00:00Z",
        1893456000,
        True,
        [],
        {},
    ],
)
def test_an_expiry_that_is_no_time_to_come_is_refused(alice, value):
    found("acme", alice)
    client = api_client(alice)
    bodies = {
        tokens_path(alice): document("authentication-tokens", description="x", expired_at=value),
        ORGANIZATION: document("authentication-token", expired_at=value),
        team_path(): document("authentication-token", expired_at=value),
    }

    for path, body in bodies.items():
        response = client.post(path, body)
        assert refusals(response) == [("422", "invalid attribute", "/data/attributes/expired-at")], path
    assert ApiToken.objects.count() == 1
    assert not OrganizationToken.objects.exists()


@pytest.mark.parametrize("value", ["a" * 201, "\x03" + "a" * 200, "a" + " " * 200, 5, ["x"]])
def test_a_description_that_is_too_long_or_no_text_is_refused(alice, value):
    client = api_client(alice)
    body = document("authentication-tokens", description=value)

    response = client.post(tokens_path(alice), body)

    assert refusals(response) == [("422", "invalid attribute", "/data/attributes/description")]
    assert ApiToken.objects.count() == 1


def test_all_that_is_wrong_is_said_at_once(alice):
    body = document("authentication-tokens", description=5, expired_at="x")

    response = api_client(alice).post(tokens_path(alice), body)

    pointers = [pointer for _status, _title, pointer in refusals(response)]
    assert pointers == ["/data/attributes/description", "/data/attributes/expired-at"]


def test_snake_case_is_read_as_well(alice):
    body = {"data": {"attributes": {"description": "x", "expired_at": "2030-01-31T12:00:00Z"}}}

    made = api_client(alice).post(tokens_path(alice), body)

    assert data_of(made)["attributes"]["expired-at"] == "2030-01-31T12:00:00.000Z"


def test_another_type_is_a_conflict(alice):
    response = api_client(alice).post(tokens_path(alice), document("users", description="x"))

    assert response.status_code == 409
