"""Members of Terraform Cloud's documents that can't change here (AF3): the present value, or a refusal.

What is accepted and ignored misleads the sender. Each endpoint that reads attributes is tried with all of its
own document's, so that a new one can't be forgotten.
"""

import pytest

from accounts.models import ApiToken
from accounts.models.public_ids import public_id
from organizations.api.switches import ANY_FLAG_AT_CREATION, SENT_ONLY, SHOWN
from organizations.models import Membership, Organization, OrganizationToken
from tests.api.clients import document
from tests.api.programs import attributes, organization_program, program, refusals, team
from tests.support.people import PASSWORD

pytestmark = pytest.mark.django_db

OPEN = "/organizations/open"
# What PATCH changes; tested elsewhere.
CHANGED = {"name", "email", "collaborator-auth-policy", "session-timeout", "session-remember"}
CHANGED |= {"user-tokens-enabled", "two-factor-methods"}
CHANGED |= {"two-factor-required-from", "two-factor-required-from-methods"}
SWITCHES = sorted(SHOWN)
NEW_PASSWORD = "another long password 43"


def other(value):
    """Values of every JSON type that are not this one."""
    found = [True, False, 0, 1, 7, 0.5, "x", [], ["x"], {"x": 1}, [None]]
    return [one for one in found if type(one) is not type(value) or one != value]


def sent(name, value, /, **others):
    return {"data": {"attributes": {name: value, **others}}}


def refused_for(name):
    return [("422", "invalid attribute", f"/data/attributes/{name}")]


# --- Organizations ---


@pytest.mark.parametrize("name", SWITCHES)
def test_af3_a_switch_takes_its_present_value_and_no_other(stage, name):
    client = program(stage, "olga")
    shown = attributes(client.get(OPEN))[name]

    for spelling in (name, name.replace("-", "_")):
        assert attributes(client.patch(OPEN, sent(spelling, shown)))[name] == shown
        for value in other(shown):
            assert refusals(client.patch(OPEN, sent(spelling, value))) == refused_for(name), value
    assert attributes(client.get(OPEN))[name] == shown


def test_af3_the_whole_document_can_be_sent_back(stage):
    client = program(stage, "olga")
    whole = client.get(OPEN).json()["data"]

    for method in ("PATCH", "PUT"):
        answer = client.send(method, OPEN, {"data": whole})
        assert answer.status_code == 200, answer.content
    assert client.get(OPEN).json()["data"] == whole


def test_af3_also_in_the_other_spelling(stage):
    client = program(stage, "olga")
    shown = attributes(client.get(OPEN))
    permissions = {name.replace("-", "_"): value for name, value in shown["permissions"].items()}
    whole = {name.replace("-", "_"): value for name, value in shown.items()} | {"permissions": permissions}

    assert client.patch(OPEN, {"data": {"attributes": whole}}).status_code == 200


def test_af3_everything_that_is_shown_is_changed_or_refused(stage):
    client = program(stage, "olga")

    for name, value in attributes(client.get(OPEN)).items():
        if name in CHANGED:
            continue
        for another in other(value):
            if another in ([], {}) and isinstance(value, dict):
                continue
            assert refusals(client.patch(OPEN, sent(name, another))) == refused_for(name), (name, another)


@pytest.mark.parametrize("name", ["two-factor-conformant", "two_factor_conformant"])
def test_af3_who_takes_it_for_the_policy_is_told(stage, name):
    """A client's documentation calls it "whether or not to require 2FA"."""
    refused = program(stage, "olga").patch(OPEN, sent(name, True))

    assert refusals(refused) == refused_for("two-factor-conformant")


@pytest.mark.parametrize("name", sorted(SENT_ONLY))
def test_af3_what_clients_send_in_the_place_of_relationships(stage, name):
    client = program(stage, "olga")

    for spelling in (name, name.replace("-", "_")):
        assert client.patch(OPEN, sent(spelling, None)).status_code == 200
        assert refusals(client.patch(OPEN, sent(spelling, "apool-1"))) == refused_for(name)


@pytest.mark.parametrize("name", ["default-agent-pool", "default_project", "subscription"])
def test_af3_relationships_are_kept_too(stage, name):
    client = program(stage, "olga")
    pointer = f"/data/relationships/{name.replace('_', '-')}"

    def patch(value):
        return client.patch(OPEN, {"data": {"attributes": {}, "relationships": {name: value}}})

    shown = client.get(OPEN).json()["data"]["relationships"][name.replace("_", "-")]
    for value in (None, {"data": shown["data"]}, {"links": {"related": "/x"}}):
        assert patch(value).status_code == 200
    for value in ({"data": {"type": "agent-pools", "id": "apool-1"}}, {"data": []}, "apool-1", [], 1):
        assert refusals(patch(value)) == [("422", "invalid relationship", pointer)], value


def test_af3_a_relationship_in_two_spellings_is_refused(stage):
    """Otherwise one of both would be accepted and ignored."""
    other, own = {"data": {"type": "projects", "id": "prj-1"}}, {"data": None}
    both = {"default_agent_pool": other, "default-agent-pool": own}

    refused = program(stage, "olga").patch(OPEN, {"data": {"relationships": both}})

    assert refusals(refused) == [("400", "bad request", None)]


def test_af3_the_errors_of_relationships_come_in_one_order(stage):
    other = {"data": {"type": "projects", "id": "prj-1"}}
    names = ["default-agent-pool", "default-project", "subscription"]

    refused = program(stage, "olga").patch(
        OPEN, {"data": {"relationships": dict.fromkeys(reversed(names), other)}}
    )

    assert [pointer for *_rest, pointer in refusals(refused)] == [f"/data/relationships/{n}" for n in names]


def test_af3_all_errors_come_at_once_and_nothing_is_changed(stage):
    refused = program(stage, "olga").patch(
        OPEN, sent("saml-enabled", True, email="new@open.example", **{"stacks-enabled": True})
    )

    assert sorted(pointer for _status, _title, pointer in refusals(refused)) == [
        "/data/attributes/saml-enabled",
        "/data/attributes/stacks-enabled",
    ]
    assert Organization.objects.get(name="open").email == "hello@open.example"


def test_af3_an_unknown_member_is_ignored(stage):
    """Of any server, JSON:API says: clients may send what only others know."""
    assert program(stage, "olga").patch(OPEN, sent("no-such-member", True)).status_code == 200


def test_af3_the_sentence_says_what_it_can_be(stage):
    [error] = program(stage, "olga").patch(OPEN, sent("default-execution-mode", "local")).json()["errors"]

    assert error["detail"] == 'This can only be "remote" here.'


# --- Created ---


@pytest.mark.parametrize(
    "name", sorted(set(SWITCHES) - ANY_FLAG_AT_CREATION | {"external-id"} | set(SENT_ONLY))
)
def test_af3_creation_takes_what_will_be_shown_and_no_other(stage, name):
    client = program(stage, "olga")
    for value in (True, False, "x", 7):
        if value == SHOWN.get(name) and type(value) is type(SHOWN.get(name)):
            continue
        refused = client.post("/organizations", sent(name, value, name="acme", email="hello@acme.example"))
        assert refusals(refused) == refused_for(name), value

    made = client.post("/organizations", sent(name, SHOWN.get(name), name="acme", email="hello@acme.example"))

    assert made.status_code == 201


@pytest.mark.parametrize("value", [True, False])
def test_af3_creation_takes_the_two_that_every_test_of_terraforms_sdk_sends(stage, value):
    flags = dict.fromkeys(ANY_FLAG_AT_CREATION, value)
    made = program(stage, "olga").post(
        "/organizations", sent("name", "acme", email="hello@acme.example", **flags)
    )

    shown = attributes(made)
    assert shown["cost-estimation-enabled"] is shown["stacks-enabled"] is False


@pytest.mark.parametrize("name", sorted(ANY_FLAG_AT_CREATION))
@pytest.mark.parametrize("value", [None, "true", 1, [], {}])
def test_af3_but_they_are_booleans(stage, name, value):
    refused = program(stage, "olga").post(
        "/organizations", sent(name, value, name="acme", email="hello@acme.example")
    )

    assert refusals(refused) == refused_for(name)
    assert not Organization.objects.filter(name="acme").exists()


# --- Everything else that reads attributes ---


def made_by(stage, how):
    """Post a good request with one more attribute; return how, and what must not come to be."""
    olga = stage.olga
    tokens = f"/users/{public_id('user', olga.pk)}/authentication-tokens"
    secret = {"description": "good one"}
    invited = {"email": "new@example.com"}
    kind = OrganizationToken.objects.filter(kind=how)
    paths = {
        "user token": (tokens, secret, ApiToken.objects.filter(description="good one")),
        "organization": (f"{OPEN}/authentication-token", {}, kind),
        "owners": (f"/teams/{team()}/authentication-token", {}, kind),
        "invitation": (f"{OPEN}/organization-memberships", invited, Membership.objects.filter(**invited)),
    }
    return paths[how]


POSTS = [
    *((how, name) for how in ("user token", "organization", "owners") for name in ("token", "created-at")),
    *((how, "last-used-at") for how in ("user token", "organization", "owners")),
    *((how, "description") for how in ("organization", "owners")),
    *(("invitation", name) for name in ("status", "created-at", "is-org-two-factor-required", "username")),
]


@pytest.mark.parametrize(("how", "name"), POSTS)
def test_af3_only_the_server_says_it(stage, how, name):
    path, good, made = made_by(stage, how)
    client = program(stage, "olga")

    for spelling in {name, name.replace("-", "_")}:
        for value in ("active", True, 7):
            assert refusals(client.post(path, sent(spelling, value, **good))) == refused_for(name)
    assert not made.exists()

    kept = {"status": "invited", "description": ""}.get(name)
    assert client.post(path, sent(name, kept, **good)).status_code == 201
    assert made.exists()


@pytest.mark.parametrize("name", ["user", "organization"])
def test_af3_an_invitation_is_to_its_address_and_organization(stage, name):
    relationships = {name: {"data": {"type": f"{name}s", "id": "user-1"}}}
    body = document("organization-memberships", email="new@example.com", relationships=relationships)

    refused = program(stage, "olga").post(f"{OPEN}/organization-memberships", body)

    assert refusals(refused) == [("422", "invalid relationship", f"/data/relationships/{name}")]


@pytest.mark.parametrize("path", ["/account/update", "/account/password"])
def test_af3_an_account_is_changed_by_what_is_there_for_it(stage, path):
    client = program(stage, "olga")
    good = {"current_password": PASSWORD, "password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD}
    shown = attributes(client.get("/account/details"))

    for name, value in shown.items():
        if path == "/account/update" and name in ("username", "email"):
            continue
        for another in other(value):
            if isinstance(value, dict) and another == {}:
                continue
            answer = client.patch(path, sent(name, another, **(good if "password" in path else {})))
            assert refusals(answer) == refused_for(name), (name, another)

    whole = {"data": {"attributes": shown | (good if "password" in path else {})}}
    assert client.patch(path, whole).status_code == 200


def test_af3_tokens_of_the_organization_meet_the_same(stage):
    client = organization_program(Organization.objects.get(name="open"), "owners")

    assert refusals(client.patch(OPEN, sent("saml-enabled", True))) == refused_for("saml-enabled")
    assert client.patch(OPEN, {"data": client.get(OPEN).json()["data"]}).status_code == 200
