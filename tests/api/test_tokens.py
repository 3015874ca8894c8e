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
from tests.api.programs import refusals, team
from tests.support.organizations import found, make_stage
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

DETAILS = "/account/details"
ORGANIZATION = "/organizations/acme/authentication-token"


def tokens_path(user):
    return f"/users/{public_id('user', user.pk)}/authentication-tokens"


def team_path(name="acme"):
    return f"/teams/{team(name)}/authentication-token"


def data_of(response):
    return response.json()["data"]


@pytest.fixture
def acme(alice):
    return found("acme", alice)


# ---------------------------------------------------------------- a token's life


def status_with(secret, path=DETAILS):
    return ApiClient(secret).get(path).status_code


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


# ---------------------------------------------------------------- of organizations


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


# ---------------------------------------------------------------- discovery


def test_terraform_finds_its_services():
    response = Client().get("/.well-known/terraform.json")

    assert response.headers["Content-Type"] == "application/json"
    services = response.json()
    assert {services[name] for name in ("tfe.v2", "tfe.v2.1", "tfe.v2.2")} == {"/api/v2/"}
    assert services["modules.v1"] == "/api/registry/v1/modules/"
    assert not [name for name in services if name.startswith("login")]
