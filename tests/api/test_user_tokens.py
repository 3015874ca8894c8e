"""An organization that does not accept personal tokens (AF3): who switches that, and what then is refused."""

import pytest

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.models import ApiToken, AuditEvent
from accounts.models.public_ids import public_id
from organizations.members import invitations, memberships
from organizations.models import Organization
from organizations.policy.two_factor import set_auth_policy
from organizations.policy.user_tokens import set_user_tokens
from tests.api.clients import document
from tests.api.programs import attributes, detail, ids, organization_program, ou, program, refusals
from tests.support.organizations import SERVER, actor_of

pytestmark = pytest.mark.django_db

OPEN, FORT = "/organizations/open", "/organizations/fort"
SWITCH = "user-tokens-enabled"
POINTER = f"/data/attributes/{SWITCH}"
REFUSED = [("403", "unauthorized", None)]
KINDS = ["organization", "owners"]


def switch(enabled, name="open", *, actor=SERVER):
    return set_user_tokens(Organization.objects.get(name=name), enabled, actor=actor)


def sent(**members):
    return document("organizations", **members)


def token(kind, name="open", **options):
    return organization_program(Organization.objects.get(name=name), kind, **options)


def is_on(name="open"):
    return Organization.objects.get(name=name).user_tokens_enabled


def events():
    found = AuditEvent.objects.filter(event="organization.user_tokens_changed").order_by("pk")
    return [event.data["enabled"] for event in found]


# --- Refused, everywhere ---


def test_af3_site_administrators_are_members_like_others(stage):
    invitation = invitations.invite(Organization.objects.get(name="open"), "root", actor=actor_of(stage.root))
    invitations.accept(invitation.pk, user=stage.root, actor=SERVER)
    client = program(stage, "root")
    assert client.get(OPEN).status_code == 200

    switch(False)

    assert refusals(client.get(OPEN)) == REFUSED


def test_af3_the_next_request_is_refused_and_works_again_afterwards(stage):
    client = program(stage, "olga")
    assert client.get(OPEN).status_code == 200

    switch(False)
    refused = client.get(OPEN)
    switch(True)

    assert refusals(refused) == REFUSED
    assert "Use the organization token" in detail(refused)
    assert client.get(OPEN).status_code == 200


def test_af3_before_the_policy_as_enrolling_would_not_help(stage):
    switch(False, "fort")

    assert refusals(program(stage, "mia").get(FORT)) == REFUSED


def test_af3_lists_show_no_more_than_that_it_is_there(stage):
    client = program(stage, "una")
    switch(False)

    [shown] = client.get("/organizations?include=entitlement_set").json()["data"]

    assert shown["id"] == "open"
    assert shown["attributes"][SWITCH] is False
    assert not any(shown["attributes"]["permissions"].values())
    assert shown["attributes"]["two-factor-conformant"] is False  # what the policy says, and no more


def test_af3_own_memberships_are_listed_without_teams(stage):
    client = program(stage, "una")
    switch(False)

    listed = client.get("/organization-memberships?include=teams,user").json()

    assert [one["id"] for one in listed["data"]] == [ou(stage.una)]
    assert [one["type"] for one in listed["included"]] == ["users"]


@pytest.mark.parametrize("who", ["max", "una"])
def test_af3_own_memberships_can_be_neither_read_nor_ended(stage, who):
    client, path = program(stage, who), f"/organization-memberships/{ou(stage.people[who])}"
    switch(False)

    assert refusals(client.get(path)) == REFUSED
    assert refusals(client.delete(path)) == REFUSED
    assert Organization.objects.get(name="open").memberships.filter(user=stage.people[who]).exists()


def test_af3_own_invitations_can_be_neither_read_nor_declined(stage):
    open_ = Organization.objects.get(name="open")
    invitation = invitations.invite(open_, "eve", actor=actor_of(stage.eve))
    client, path = program(stage, "eve"), f"/organization-memberships/{public_id('ou', invitation.pk)}"
    assert client.get(path).status_code == 200

    switch(False)

    assert refusals(client.get(path)) == refusals(client.delete(path)) == REFUSED
    assert open_.memberships.filter(pk=invitation.pk).exists()


def test_af3_people_are_not_seen_through_it(stage):
    client, una = program(stage, "olga"), f"/users/{public_id('user', stage.una.pk)}"
    assert client.get(una).status_code == 200

    switch(False)

    assert client.get(una).status_code == 404
    assert client.get(f"/users/{public_id('user', stage.max.pk)}").status_code == 200  # through fort


@pytest.mark.parametrize("kind", KINDS)
def test_af3_tokens_of_the_organization_go_on(stage, kind):
    client = token(kind)
    switch(False)

    assert attributes(client.get(OPEN))[SWITCH] is False
    assert ids(client.get(f"{OPEN}/organization-memberships"))


def test_af3_pages_go_on(stage):
    switch(False)

    for path in ("/app/open", "/app/open/settings/users", "/app/open/settings/authentication-tokens"):
        assert stage.browser("olga").get(path).status_code == 200


# --- A request in flight ---


@pytest.mark.parametrize(
    "act",
    [
        lambda open_, stage, actor: set_user_tokens(open_, True, actor=actor),
        lambda open_, stage, actor: set_auth_policy(open_, "password", actor=actor),
        lambda open_, stage, actor: invitations.invite(open_, "eve", actor=actor),
        lambda open_, stage, actor: memberships.leave(open_, user=stage.una, actor=actor),
    ],
    ids=["accept again", "policy", "invite", "leave"],
)
def test_af3_a_verb_that_had_passed_the_gate_is_refused_under_the_lock(stage, act):
    program(stage, "una")
    actor = Actor(
        user=stage.una, ip=None, user_agent="", door="api", token=ApiToken.objects.get(owner=stage.una)
    )
    open_ = Organization.objects.get(name="open")
    switch(False)

    with pytest.raises(RuleViolation, match="doesn't accept personal tokens"):
        act(open_, stage, actor)

    assert not is_on()


# --- Switched ---


@pytest.mark.parametrize("kind", KINDS)
def test_af3_tokens_of_the_organization_switch_it(stage, kind):
    client, person = token(kind), program(stage, "olga")

    off = client.patch(OPEN, sent(user_tokens_enabled=False))
    refused = person.get(OPEN)
    on = client.patch(OPEN, {"data": {"attributes": {"user_tokens_enabled": True}}})

    assert attributes(off)[SWITCH] is False
    assert refusals(refused) == REFUSED
    assert attributes(on)[SWITCH] is True
    assert person.get(OPEN).status_code == 200
    assert events() == [False, True]


@pytest.mark.parametrize("kind", KINDS)
def test_af3_they_change_nothing_else_with_it(stage, kind):
    client = token(kind)
    whole = {"email": "hello@open.example", "collaborator_auth_policy": "password", "session_timeout": None}

    for other in ({"email": "x@example.com"}, {"session_timeout": 90}):
        refused = client.patch(OPEN, sent(user_tokens_enabled=False, **other))
        assert refusals(refused) == [("403", "forbidden", None)]
    assert is_on()

    assert client.patch(OPEN, sent(user_tokens_enabled=False, **whole)).status_code == 200
    assert not is_on()


def test_af3_where_two_factor_is_required_their_maker_had_it(stage):
    refused = token("owners", "fort", verified=False).patch(FORT, sent(user_tokens_enabled=False))

    assert refusals(refused) == [("403", "two-factor required", None)]
    assert is_on("fort")


def test_af3_a_personal_token_can_not_end_itself(stage):
    client = program(stage, "olga")

    refused = client.patch(OPEN, sent(user_tokens_enabled=False, email="new@open.example"))

    assert refusals(refused) == [("422", "invalid attribute", POINTER)]
    assert "lock itself out" in detail(refused)
    assert is_on()
    assert Organization.objects.get(name="open").email == "hello@open.example"
    assert attributes(client.patch(OPEN, sent(user_tokens_enabled=True)))[SWITCH] is True
    assert events() == []


def test_af3_nor_create_an_organization_that_is_closed_to_it(stage):
    refused = program(stage, "olga").post(
        "/organizations", sent(name="acme", email="hello@acme.example", user_tokens_enabled=False)
    )

    assert refusals(refused) == [("422", "invalid attribute", POINTER)]
    assert not Organization.objects.filter(name="acme").exists()


def test_af3_members_can_not_switch_it(stage):
    for value in (True, False):
        refused = program(stage, "max").patch(OPEN, sent(user_tokens_enabled=value))
        assert refusals(refused) == [("403", "forbidden", None)]


@pytest.mark.parametrize("value", [None, 0, 1, "false", "", [], {}])
@pytest.mark.parametrize("who", ["olga", "owners"])
def test_af3_only_a_boolean_will_do(stage, who, value):
    client = token("owners") if who == "owners" else program(stage, who)

    assert refusals(client.patch(OPEN, sent(user_tokens_enabled=value))) == [
        ("422", "invalid attribute", POINTER)
    ]
    assert is_on()


def test_af3_the_same_again_is_no_change(stage, mailoutbox):
    client = token("owners")
    client.patch(OPEN, sent(user_tokens_enabled=False))
    mailoutbox.clear()

    assert client.patch(OPEN, sent(user_tokens_enabled=False)).status_code == 200

    assert events() == [False]
    assert mailoutbox == []


def test_af3_every_answer_says_what_it_is(stage):
    answers = [
        program(stage, "olga").get(OPEN),
        program(stage, "max").get(OPEN),
        token("organization").get(OPEN),
        program(stage, "olga").patch(OPEN, sent()),
        program(stage, "olga").post("/organizations", sent(name="acme", email="hello@acme.example")),
    ]

    assert [attributes(answer)[SWITCH] for answer in answers] == [True] * len(answers)


def test_af3_what_the_team_token_did_is_recorded_with_its_holder(stage):
    token("owners").patch(OPEN, sent(user_tokens_enabled=False))

    event = AuditEvent.objects.get(event="organization.user_tokens_changed")
    assert (event.subject, event.actor) == ("organization:open", "organization:open/owners")
