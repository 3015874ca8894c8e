"""Organizations are changed and deleted over the API."""

import pytest

from accounts.models import AuditEvent, OutboxMessage
from organizations.models import AuthPolicy, Organization
from tests.api.clients import document
from tests.api.organization_documents import FORT, OPEN, POLICY, organization, stored
from tests.api.programs import Kind, attributes, detail, organization_program, program, refusals
from tests.support.organizations import is_mandatory, lift, require


def events(*names):
    return list(AuditEvent.objects.filter(event__in=names).order_by("pk").values_list("event", flat=True))


# --- Changed ---


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_changes_everything_at_once_and_records_each(stage, method):
    stage.enrol("una")
    sent = {
        "name": "open",
        "email": "new@example.com",
        "collaborator_auth_policy": "two_factor_mandatory",
        "session_timeout": 60,
        "session_remember": 120,
    }

    response = program(stage, "olga").send(method, OPEN, document("organizations", "open", **sent))

    shown = attributes(response)
    assert {name: shown[name.replace("_", "-")] for name in sent} == sent
    assert shown["two-factor-conformant"] is True
    assert stored() == sent
    by_program = AuditEvent.objects.filter(door="api", actor="user:olga").values_list("event", flat=True)
    assert sorted(by_program) == [
        "organization.auth_policy_changed",
        "organization.updated",
        "organization.user_sessions_changed",
    ]


def test_both_spellings_are_read(stage):
    client = program(stage, "olga")

    client.patch(OPEN, {"data": {"attributes": {"session_timeout": 61, "session-remember": 62}}})

    assert (stored()["session_timeout"], stored()["session_remember"]) == (61, 62)


def test_the_same_again_is_no_change(stage):
    client = program(stage, "olga")
    sent = organization(email="new@example.com", session_timeout=60)
    client.patch(OPEN, sent)
    before, mails = AuditEvent.objects.count(), OutboxMessage.objects.count()

    assert client.patch(OPEN, sent).status_code == 200

    assert (AuditEvent.objects.count(), OutboxMessage.objects.count()) == (before, mails)


def test_null_is_the_default_and_what_is_left_out_stays(stage):
    client = program(stage, "olga")
    client.patch(OPEN, organization(session_timeout=60, session_remember=120))

    client.patch(OPEN, organization(session_timeout=None))

    assert (stored()["session_timeout"], stored()["session_remember"]) == (None, 120)


@pytest.mark.parametrize("value", [59, 20161, 0, -60, 10**18, "60", 60.5, True, [], {}])
def test_sessions_out_of_range_change_nothing(stage, value):
    before = stored()

    response = program(stage, "olga").patch(OPEN, organization(email="a@b.example", session_timeout=value))

    assert refusals(response) == [("422", "invalid attribute", "/data/attributes/session-timeout")]
    assert stored() == before


@pytest.mark.parametrize(
    "value", ["TWO_FACTOR_MANDATORY", "two_factor", "two-factor-mandatory", True, None, "", 1, 1.0, [], {}]
)
def test_or07_other_values_of_the_policy(stage, value):
    stage.enrol("una")

    response = program(stage, "olga").patch(OPEN, organization(collaborator_auth_policy=value))

    assert refusals(response) == [("422", "invalid attribute", POLICY)]
    assert not is_mandatory("open")


@pytest.mark.parametrize(
    "wrong", [{"email": "nobody"}, {"session_timeout": 1}, {"name": "else"}, {"email": None}]
)
def test_or08_a_valid_policy_beside_something_invalid_changes_nothing(stage, wrong):
    stage.enrol("una")
    before = stored()

    response = program(stage, "olga").patch(
        OPEN, organization(collaborator_auth_policy="two_factor_mandatory", **wrong)
    )

    [(_status, _title, pointer)] = refusals(response)
    assert response.status_code == 422
    assert pointer.endswith(next(iter(wrong)).replace("_", "-"))
    assert stored() == before


def test_or08_what_a_verb_refuses_takes_the_rest_along(stage):
    before = stored()

    response = program(stage, "olga").patch(
        OPEN,
        organization(
            email="a@b.example", session_timeout=60, collaborator_auth_policy="two_factor_mandatory"
        ),
    )

    assert response.status_code == 422
    assert stored() == before
    assert events("organization.updated", "organization.user_sessions_changed") == []


@pytest.mark.parametrize(("path", "pk"), [(OPEN, "fort"), (FORT, "open")])
def test_or09_another_id_in_the_body_is_a_conflict(stage, path, pk):
    stage.enrol("una")

    response = program(stage, "olga").patch(
        path, document("organizations", pk, collaborator_auth_policy="password", email="a@b.example")
    )

    assert refusals(response) == [("409", "conflict", "/data/id")]
    assert {stored(name)["email"] for name in ("open", "fort")} == {
        "hello@open.example",
        "hello@fort.example",
    }
    assert is_mandatory("fort")


def test_or09_another_type_is_a_conflict(stage):
    response = program(stage, "olga").patch(OPEN, document("teams", email="a@b.example"))

    assert refusals(response) == [("409", "conflict", "/data/type")]


def test_or13_owners_read_who_is_missing_and_members_do_not(stage):
    sent = organization(collaborator_auth_policy="two_factor_mandatory")

    refused = program(stage, "olga").patch(OPEN, sent)
    forbidden = program(stage, "max").patch(OPEN, sent)

    assert refusals(refused) == [("422", "invalid attribute", POLICY)]
    assert "una" in detail(refused)
    assert refusals(forbidden) == [("403", "forbidden", None)]
    assert "una" not in forbidden.content.decode()


@pytest.mark.parametrize("name", ["id", "x"])
def test_unknown_attributes_are_ignored(stage, name):
    before = stored()

    response = program(stage, "olga").patch(OPEN, {"data": {"attributes": {name: True}}})

    assert response.status_code == 200
    assert stored() == before


@pytest.mark.parametrize("body", [None, "null", "[]", '"x"', "{}", '{"data": []}', '{"data": null}'])
def test_a_body_without_data_changes_nothing(stage, body):
    assert program(stage, "olga").patch(OPEN, body).status_code == 422


def test_members_and_organization_tokens_may_not_change_it(stage):
    open_ = Organization.objects.get(name="open")
    before = stored()
    clients = [
        program(stage, "max"),
        program(stage, "mia"),
        *(organization_program(open_, kind) for kind in Kind),
    ]

    for client in clients:
        assert client.patch(OPEN, organization(email="a@b.example")).status_code == 403
        assert client.delete(OPEN).status_code == 403

    assert stored() == before


def test_r43_r42_lifting_and_requiring_are_felt_by_the_next_request(stage):
    owner, member = program(stage, "olga"), program(stage, "mia")

    owner.patch(FORT, organization(collaborator_auth_policy="password"))
    assert member.get(FORT).status_code == 200
    owner.patch(FORT, organization(collaborator_auth_policy="two_factor_mandatory"))
    assert member.get(FORT).status_code == 403


# --- Sudo (D6) ---


@pytest.mark.parametrize(
    "sent",
    [{"session_timeout": 60}, {"session_remember": 60}, {"collaborator_auth_policy": "two_factor_mandatory"}],
)
def test_d06_what_is_guarded_takes_a_token_behind_two_factor(stage, sent):
    stage.enrol("una")
    before = stored()

    response = program(stage, "olga", verified=False).patch(OPEN, organization(email="a@b.example", **sent))

    assert refusals(response) == [("403", "two-factor required", None)]
    assert stored() == before


def test_d06_the_contact_address_does_not_nor_does_the_same_again(stage):
    client = program(stage, "olga", verified=False)

    response = client.patch(
        OPEN,
        organization(email="a@b.example", session_timeout=None, collaborator_auth_policy="password"),
    )

    assert attributes(response)["email"] == "a@b.example"


def test_d06_deleting_takes_it_too(stage):
    assert program(stage, "olga", verified=False).delete(OPEN).status_code == 403
    assert Organization.objects.filter(name="open").exists()


def test_d06_who_has_no_two_factor_has_sudo_by_the_password(stage):
    response = program(stage, "una").patch(OPEN, organization(session_timeout=60))

    assert attributes(response)["session-timeout"] == 60


# --- Deleted ---


def test_deletes_and_is_gone(stage):
    client = program(stage, "olga")

    response = client.delete(OPEN, "null")

    assert response.status_code == 204
    assert response.content == b""
    assert client.get(OPEN).status_code == 404
    assert not Organization.objects.filter(name="open").exists()


def test_the_policy_is_of_two_values_and_no_more(stage):
    lift(Organization.objects.get(name="fort"))
    require(Organization.objects.get(name="fort"))

    assert {policy.value for policy in AuthPolicy} == {"password", "two_factor_mandatory"}
