"""Organizations over the API, as Terraform's clients know them, and the attacks OR-07 to OR-13."""

import pytest
from django.conf import settings

from accounts.models import User
from organizations.models import Membership, Organization
from tests.api.clients import API
from tests.api.organization_documents import FORT, OPEN, POLICY, organization, stored
from tests.api.programs import Kind, attributes, detail, ids, organization_program, program, refusals
from tests.support.organizations import found
from tests.support.statements import sent, statements

# --- Shown ---


def test_shows_every_attribute_of_the_documentation(stage):
    answer = program(stage, "olga").get(OPEN).json()["data"]

    assert answer["id"] == "open"
    assert answer["type"] == "organizations"
    assert answer["links"] == {"self": f"{API}{OPEN}"}
    shown = answer["attributes"]
    assert shown["name"] == "open"
    assert shown["email"] == "hello@open.example"
    assert shown["collaborator-auth-policy"] == "password"
    assert shown["two-factor-conformant"] is False
    assert shown["session-timeout"] is shown["session-remember"] is None
    assert shown["default-execution-mode"] == "remote"
    assert shown["permissions"]["can-update"] is shown["permissions"]["can-destroy"] is True
    entitlements = answer["relationships"]["entitlement-set"]["data"]
    assert entitlements == {"id": shown["external-id"], "type": "entitlement-sets"}


def test_a_member_sees_it_without_the_permissions(stage):
    shown = attributes(program(stage, "max").get(OPEN))

    assert {name for name, may in shown["permissions"].items() if may} == {
        "can-traverse",
        "can-view-authentication",
        "can-access-via-teams",
    }


def test_a_show_takes_two_statements(stage):
    client = program(stage, "max")
    client.get("/ping")

    with sent() as captured:
        client.get(OPEN)

    assert len(statements(captured)) == 2


@pytest.mark.parametrize(
    ("include", "included"),
    [
        ("subscription", ["subscriptions"]),
        ("default-project", ["projects"]),
        ("entitlement_set", ["entitlement-sets"]),
    ],
)
def test_includes_what_there_is(stage, include, included):
    answer = program(stage, "olga").get(f"{OPEN}?include={include}").json()

    assert [one["type"] for one in answer.get("included", [])] == included


@pytest.mark.parametrize("include", ["workspaces", "entitlement_set.organization", "user,users"])
def test_an_unknown_include_is_a_400(stage, include):
    response = program(stage, "olga").get(f"{OPEN}?include={include}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["source"] == {"parameter": "include"}


def test_the_entitlement_set_has_the_external_id(stage):
    client = program(stage, "max")

    answer = client.get(f"{OPEN}/entitlement-set").json()["data"]

    assert answer["type"] == "entitlement-sets"
    assert answer["id"] == attributes(client.get(OPEN))["external-id"]
    assert answer["attributes"]["operations"] is False


def test_locked_out_members_are_told_why_and_nothing_else(stage):
    client = program(stage, "mia")

    for path in (FORT, f"{FORT}/entitlement-set", f"{FORT}/organization-memberships", f"{FORT}/teams"):
        response = client.get(path)
        assert refusals(response) == [("403", "two-factor required", None)]
        assert settings.SITE_URL in detail(response)
        for name in ("olga", "oscar", "max", "example.com"):
            assert name not in response.content.decode()


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_or10_foreign_and_missing_organizations_look_the_same(stage, method):
    client = program(stage, "eve")

    foreign, missing = (
        client.send(method, f"/organizations/{name}", organization(email="x@example.com"))
        for name in ("open", "nowhere")
    )

    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json()


# --- Listed ---


def test_lists_ones_own_organizations_also_the_closed_ones(stage):
    found("strange", stage.eve)
    response = program(stage, "mia").get("/organizations")

    assert ids(response) == ["fort", "open"]
    assert "meta" not in response.json()
    assert "links" not in response.json()
    closed, open_ = (one["attributes"] for one in response.json()["data"])
    assert not any(closed["permissions"].values())
    assert closed["two-factor-conformant"] is True  # as the policy says, whatever is so
    assert open_["permissions"]["can-traverse"] is True


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=PE", ["open"]),
        ("q=hello@", ["fort", "open"]),
        ("q[name]=for", ["fort"]),
        ("q[email]=OPEN.example", ["open"]),
        ("q[name]=fort&q[email]=open", []),
        ("q=%25", []),
    ],
)
def test_finds_by_a_part_of_name_or_address(stage, query, names):
    assert ids(program(stage, "olga").get(f"/organizations?{query}")) == names


def test_pages_where_pages_are_asked_for(stage):
    response = program(stage, "olga").get("/organizations?page[size]=1&page[number]=2&q=o")

    assert ids(response) == ["open"]
    answer = response.json()
    assert answer["meta"]["pagination"]["total-count"] == 2
    assert answer["links"]["next"] is None
    assert "page%5Bnumber%5D=1" in answer["links"]["prev"]
    assert "q=o" in answer["links"]["prev"]


def test_a_list_takes_two_statements_however_many_there_are(stage):
    client = program(stage, "olga")
    for number in range(5):
        found(f"more{number}", stage.olga)
    client.get("/ping")

    with sent() as captured:
        assert len(ids(client.get("/organizations"))) == 7

    assert len(statements(captured)) == 2


def test_the_tokens_of_an_organization_list_that_one(stage):
    for kind in Kind:
        client = organization_program(Organization.objects.get(name="open"), kind)

        assert ids(client.get("/organizations")) == ["open"]
        assert client.get(FORT).status_code == 404


# --- Made ---


def test_makes_an_organization_with_its_entitlement_set(stage):
    response = program(stage, "eve").post("/organizations", organization(name="New-1", email="x@example.com"))

    assert response.status_code == 201
    assert response.json()["data"]["id"] == "New-1"
    assert [one["type"] for one in response.json()["included"]] == ["entitlement-sets"]
    assert Membership.objects.get(organization__name="New-1").user == stage.eve


def test_makes_it_with_settings_at_once(stage):
    sent = {"collaborator_auth_policy": "two_factor_mandatory", "session_timeout": 60}

    response = program(stage, "eve").post(
        "/organizations", organization(name="new1", email="x@a.example", **sent)
    )

    assert attributes(response)["collaborator-auth-policy"] == "two_factor_mandatory"
    assert stored("new1")["session_timeout"] == 60


def test_nothing_is_made_where_a_setting_is_refused(stage):
    sent = {"name": "new1", "email": "x@a.example", "collaborator_auth_policy": "two_factor_mandatory"}

    response = program(stage, "una").post("/organizations", organization(**sent))

    assert refusals(response) == [("422", "invalid attribute", POLICY)]
    assert not Organization.objects.filter(name="new1").exists()


@pytest.mark.parametrize(
    "name",
    [
        "open",
        "OPEN",
        "settings",
        "a/b",
        "a b",
        "../admin",
        ".",
        "x" * 41,
        "оpen",
        "\u202eopen",
        "",
        None,
        7,
        [],
        {},
    ],
)
def test_or11_names_that_are_taken_reserved_or_wrong(stage, name):
    response = program(stage, "eve").post("/organizations", organization(name=name, email="x@example.com"))

    assert refusals(response) == [("422", "invalid attribute", "/data/attributes/name")]
    assert Organization.objects.count() == 2


def test_everything_that_is_wrong_is_said_at_once(stage):
    sent = {"name": "", "email": "nobody", "session_timeout": 1, "collaborator_auth_policy": "none"}

    response = program(stage, "eve").post("/organizations", organization(**sent))

    assert [pointer.rpartition("/")[2] for _status, _title, pointer in refusals(response)] == [
        "name",
        "email",
        "collaborator-auth-policy",
        "session-timeout",
    ]


def test_the_site_may_leave_it_to_its_admins(stage, settings):
    settings.CREATE_ORGANIZATIONS = "staff"
    sent = organization(name="new1", email="x@example.com")

    response = program(stage, "eve").post("/organizations", sent)

    assert refusals(response) == [("403", "forbidden", None)]
    assert detail(response) == "Creation of organizations has been disabled for non-admins."
    assert program(stage, "root").post("/organizations", sent).status_code == 201


def test_an_address_must_be_confirmed_first(stage):
    User.objects.filter(pk=stage.una.pk).update(email_confirmed_at=None)

    response = program(stage, "una").post("/organizations", organization(name="new1", email="x@example.com"))

    assert refusals(response) == [("422", "email-not-confirmed", None)]
    assert not Organization.objects.filter(name="new1").exists()


@pytest.mark.parametrize("kind", Kind)
def test_no_organization_is_made_by_one(stage, kind):
    client = organization_program(Organization.objects.get(name="open"), kind)

    response = client.post("/organizations", organization(name="new1", email="x@example.com"))

    assert response.status_code == 403
