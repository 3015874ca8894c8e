"""The team of the owners over the API (D23): who sees it, who is in it, and who changes that."""

import pytest

from accounts.audit import Actor
from accounts.models import AuditEvent
from accounts.models.public_ids import public_id
from organizations.access.rights import has_right
from organizations.exceptions import NoLongerAllowed
from organizations.members import invitations, memberships
from organizations.models import Membership, Organization, OrganizationToken, Right
from tests.api.clients import API
from tests.api.programs import Kind, detail, ids, organization_program, ou, program, refusals, team
from tests.support.organizations import SERVER, found, join, membership_of
from tests.support.people import make_user

OPEN, FORT = "/organizations/open/teams", "/organizations/fort/teams"


def path(name="open"):
    return f"/teams/{team(name)}"


def users(name="open"):
    return f"{path(name)}/relationships/users"


def rows(name="open"):
    return f"{path(name)}/relationships/organization-memberships"


def these(kind, *pks):
    return {"data": [{"type": kind, "id": pk} for pk in pks]}


def owners(name="open"):
    found = Membership.objects.owners().filter(organization__name=name)
    return sorted(found.values_list("username", flat=True))


# --- Seen ---


def test_the_list_has_one_team(stage):
    response = program(stage, "olga").get(f"{OPEN}?include=users,organization-memberships")

    answer = response.json()
    [one] = answer["data"]
    assert (one["id"], one["type"]) == (team(), "teams")
    assert one["links"] == {"self": f"{API}{path()}"}
    shown = one["attributes"]
    assert (shown["name"], shown["users-count"], shown["visibility"]) == ("owners", 2, "organization")
    assert shown["permissions"]["can-destroy"] is False
    assert shown["permissions"]["can-update-membership"] is True
    assert shown["organization-access"]["manage-membership"] is True
    assert shown["sso-team-id"] is None
    people = [public_id("user", user.pk) for user in (stage.olga, stage.una)]
    assert [user["id"] for user in one["relationships"]["users"]["data"]] == people
    in_it = one["relationships"]["organization-memberships"]["data"]
    assert [row["id"] for row in in_it] == [ou(stage.olga), ou(stage.una)]
    assert {(one["type"], one["attributes"]["username"]) for one in answer["included"]} == {
        ("users", "olga"),
        ("users", "una"),
        ("organization-memberships", "olga"),
        ("organization-memberships", "una"),
    }
    assert answer["meta"]["pagination"]["total-count"] == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("q=own", 1),
        ("q=OWNERS", 1),
        ("q=devs", 0),
        ("filter[names]=owners", 1),
        ("filter[names]=devs,owners", 1),
        ("filter[names]=devs", 0),
        ("filter[names]=devs&filter[names]=owners", 1),
        ("page[number]=2", 0),
    ],
)
def test_filters(stage, query, count):
    assert len(ids(program(stage, "olga").get(f"{OPEN}?{query}"))) == count


@pytest.mark.parametrize("query", ["include=workspaces", "include=users.teams", "page[size]=-1", "q=%00"])
def test_ap_13_what_makes_no_sense_is_a_400(stage, query):
    assert program(stage, "olga").get(f"{OPEN}?{query}").status_code == 400


def test_ap_14_members_see_the_names_of_the_owners(stage):
    for where in (OPEN, path()):
        response = program(stage, "max").get(f"{where}?include=users,organization-memberships")

        answer = response.json()
        assert {one["attributes"]["username"] for one in answer["included"]} == {"olga", "una"}
        assert not any({"email", "two-factor"} & one["attributes"].keys() for one in answer["included"])
        one = answer["data"][0] if isinstance(answer["data"], list) else answer["data"]
        assert one["attributes"]["permissions"]["can-update-membership"] is False


def test_the_token_of_the_organization_does_not_see_the_team_and_that_of_the_owners_does(stage):
    organization = Organization.objects.get(name="open")
    program_of_organization = organization_program(organization)
    program_of_owners = organization_program(organization, Kind.OWNERS)

    assert ids(program_of_organization.get(OPEN)) == []
    assert program_of_organization.get(path()).status_code == 404
    assert program_of_organization.get(rows()).status_code == 404
    assert program_of_organization.post(users(), these("users", "max")).status_code == 404
    assert ids(program_of_owners.get(OPEN)) == [team()]
    assert program_of_owners.get(path()).status_code == 200


def test_its_memberships_are_listed(stage):
    client = program(stage, "olga")

    assert ids(client.get(rows())) == ids(client.get(f"{rows()}?filter[status]=active"))
    assert ids(client.get(rows())) == [ou(stage.olga), ou(stage.una)]
    assert ids(client.get(f"{rows()}?page[size]=1&page[number]=2")) == [ou(stage.una)]
    assert ids(client.get(f"{rows()}?filter[status]=invited")) == []
    assert ids(client.get(f"{rows()}?filter[is_service_account]=true")) == []
    assert client.get(f"{rows()}?filter[status]=else").status_code == 400


# --- Owners made and unmade ---


@pytest.mark.parametrize("form", ["name", "NAME", "id"])
def test_adds_and_removes_people(stage, form):
    stage.enrol("mia")
    sent = [
        {"name": user.username, "NAME": user.username.upper(), "id": public_id("user", user.pk)}[form]
        for user in (stage.mia, stage.max)
    ]
    client = program(stage, "olga")

    added = client.post(users(), these("users", *sent))

    assert (added.status_code, added.content) == (204, b"")
    assert owners() == ["max", "mia", "olga", "una"]
    assert client.delete(users(), these("users", *sent)).status_code == 204
    assert owners() == ["olga", "una"]


def test_adds_and_removes_memberships(stage):
    client = program(stage, "olga")

    assert client.post(rows(), these("organization-memberships", ou(stage.max))).status_code == 204
    assert owners() == ["max", "olga", "una"]
    assert client.delete(rows(), these("organization-memberships", ou(stage.max))).status_code == 204
    assert owners() == ["olga", "una"]


def test_each_is_recorded_once_and_the_same_again_is_no_change(stage):
    client = program(stage, "olga")

    for _ in range(2):
        assert client.post(users(), these("users", "max", "MAX", "olga")).status_code == 204
    for _ in range(2):
        assert client.delete(users(), these("users", "max")).status_code == 204

    events = AuditEvent.objects.filter(door="api").values_list("event", "data__member")
    assert list(events.order_by("pk")) == [
        ("organization.owner_added", "max"),
        ("organization.owner_removed", "max"),
    ]


def test_what_looks_like_an_id_is_one(stage):
    """Somebody may be called like the id of somebody else."""
    impostor = make_user(public_id("user", stage.max.pk))
    join(Organization.objects.get(name="open"), impostor)

    program(stage, "olga").post(users(), these("users", impostor.username))

    assert owners() == ["max", "olga", "una"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_af1_the_id_of_an_invited_person_is_no_username(stage, method):
    """A member who is called like it is not made an owner in the place of who was invited."""
    row = invitations.invite(Organization.objects.get(name="open"), "new@example.com", actor=SERVER)
    invited = f"user-i{row.pk:015}"
    join(Organization.objects.get(name="open"), make_user(invited))
    if method == "DELETE":
        memberships.make_owner(row.organization, Membership.objects.get(username=invited).pk, actor=SERVER)
    before = owners()

    response = program(stage, "olga").send(method, users(), these("users", invited))

    assert refusals(response) == [("422", "invalid relationship", "/data")]
    assert owners() == before


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("who", ["eve", "nobody", "user-9999999999999999", "new@example.com", ""])
def test_who_is_no_member_is_refused_alike_and_takes_the_others_along(stage, method, who):
    organization = Organization.objects.get(name="open")
    invitations.invite(organization, "eve", actor=SERVER)
    before = owners()

    response = program(stage, "olga").send(method, users(), these("users", "max", "una", who))

    assert refusals(response) == [("422", "invalid relationship", "/data")]
    assert detail(response) == f"“{who}” isn't a member of this organization."
    assert owners() == before


def test_invitations_do_not_own(stage):
    row = invitations.invite(Organization.objects.get(name="open"), "eve", actor=SERVER)
    pks = [ou(stage.max), public_id("ou", row.pk)]

    response = program(stage, "olga").post(rows(), these("organization-memberships", *pks))

    assert refusals(response) == [("422", "not-a-member", None)]
    assert owners() == ["olga", "una"]


@pytest.mark.parametrize("pk", ["ou-9999999999999999", "ou-1", "max"])
def test_memberships_of_others_are_none(stage, pk):
    stranger = ou(stage.max, "fort")
    for one in (pk, stranger):
        response = program(stage, "olga").post(rows(), these("organization-memberships", one))

        assert refusals(response) == [("422", "invalid relationship", "/data")]


def test_r42_owners_of_a_mandatory_organization_need_two_factor(stage):
    response = program(stage, "olga").post(users("fort"), these("users", "max", "mia"))

    assert refusals(response) == [("422", "new-owner-not-enrolled", None)]
    assert "mia" in detail(response)
    assert owners("fort") == ["olga", "oscar"]


def test_the_last_owners_stay(stage):
    response = program(stage, "olga").delete(users(), these("users", "una", "olga"))

    assert refusals(response) == [("422", "last-owner", None)]
    assert owners() == ["olga", "una"]


def test_an_owner_may_leave_the_team_and_then_the_organization(stage):
    client = program(stage, "olga")

    assert client.delete(users(), these("users", "olga")).status_code == 204
    assert client.delete(users(), these("users", "una")).status_code == 403
    assert client.delete(f"/organization-memberships/{ou(stage.olga)}").status_code == 204
    assert owners() == ["una"]


def test_d06_it_takes_sudo(stage):
    client = program(stage, "olga", verified=False)

    for method in ("POST", "DELETE"):
        response = client.send(method, users(), these("users", "una"))
        assert refusals(response) == [("403", "two-factor required", None)]

    assert owners() == ["olga", "una"]


@pytest.mark.parametrize(
    "body",
    [None, "null", "[]", "{}", {"data": None}, {"data": {"type": "users", "id": "max"}}, {"data": ["max"]},
     {"data": [{"type": "users"}]}, {"data": [{"type": "users", "id": 7}]}, these("users", *["max"] * 101)],
)  # fmt: skip
def test_bodies_of_the_wrong_shape(stage, body):
    response = program(stage, "olga").post(users(), body)

    assert response.status_code == 422
    assert owners() == ["olga", "una"]


def test_another_type_is_a_conflict(stage):
    client = program(stage, "olga")

    assert client.post(users(), these("organization-memberships", ou(stage.max))).status_code == 409
    assert client.post(rows(), these("users", "max")).status_code == 409


def test_nobody_at_all_changes_nothing(stage):
    assert program(stage, "olga").delete(users(), these("users")).status_code == 204
    assert owners() == ["olga", "una"]


# --- By whom ---


def test_members_and_outsiders_do_not(stage):
    strange = found("strange", stage.eve)
    others = [program(stage, "eve"), *(organization_program(strange, kind) for kind in Kind)]

    for method in ("POST", "DELETE"):
        for address, kind, pk in (
            (users(), "users", "max"),
            (rows(), "organization-memberships", ou(stage.max)),
        ):
            assert program(stage, "max").send(method, address, these(kind, pk)).status_code == 403
            for client in others:
                response = client.send(method, address, these(kind, pk))
                assert response.json() == {"errors": [{"status": "404", "title": "not found"}]}
    for client in others:
        assert client.get(OPEN).status_code == client.get(path()).status_code == 404
        assert client.get("/teams/team-9999999999999999").json() == client.get(path()).json()

    assert owners() == ["olga", "una"]


def test_locked_out_members_do_not(stage):
    client = program(stage, "mia")

    for response in (client.get(path("fort")), client.post(users("fort"), these("users", "mia"))):
        assert refusals(response) == [("403", "two-factor required", None)]
        assert "oscar" not in response.content.decode()


def test_the_token_of_the_owners_does_but_in_a_mandatory_organization_behind_two_factor_only(stage):
    client = organization_program(Organization.objects.get(name="open"), Kind.OWNERS, verified=False)
    assert client.post(users(), these("users", "max")).status_code == 204

    weak = organization_program(Organization.objects.get(name="fort"), Kind.OWNERS, verified=False)
    assert weak.post(users("fort"), these("users", "max")).status_code == 403
    strong = organization_program(Organization.objects.get(name="fort"), Kind.OWNERS)
    assert strong.post(users("fort"), these("users", "max")).status_code == 204

    event = AuditEvent.objects.filter(event="organization.owner_added", door="api").latest("pk")
    assert event.actor == "organization:fort/owners"


# --- The verbs ask again, whatever door was passed ---


RIGHTS = {
    Kind.ORGANIZATION: {Right.MEMBERS, Right.USER_TOKENS},
    Kind.OWNERS: {Right.MEMBERS, Right.OWNERS, Right.TOKENS, Right.USER_TOKENS},
}


@pytest.mark.parametrize("kind", Kind)
def test_the_verbs_ask_for_the_right_of_a_token(stage, kind):
    organization = Organization.objects.get(name="open")
    actor = actor_of(organization, kind)
    mia, una = (membership_of(user, "open").pk for user in (stage.mia, stage.una))

    assert {right for right in Right if has_right(organization, actor, right)} == RIGHTS[kind]
    invitations.invite(organization, "x@example.com", actor=actor)
    for verb, pk in (
        (memberships.make_owner, mia),
        (memberships.unmake_owner, una),
        (memberships.remove, una),
    ):
        if kind == Kind.OWNERS:
            verb(organization, pk, actor=actor)
        else:
            with pytest.raises(NoLongerAllowed):
                verb(organization, pk, actor=actor)
    memberships.remove_owner(organization, mia, actor=actor)

    assert owners() == (["olga"] if kind == Kind.OWNERS else ["olga", "una"])


def actor_of(organization, kind):
    organization_program(organization, kind)
    token = OrganizationToken.objects.get(organization=organization, kind=kind)
    return Actor(user=None, ip=None, user_agent="", door="api", token=token)


@pytest.mark.parametrize("kind", Kind)
def test_the_verbs_refuse_the_token_of_another_organization(stage, kind):
    actor = actor_of(found("strange", stage.eve), kind)
    organization, mia = Organization.objects.get(name="open"), membership_of(stage.mia, "open").pk

    for verb in (memberships.make_owner, memberships.unmake_owner, memberships.remove):
        with pytest.raises(NoLongerAllowed):
            verb(organization, mia, actor=actor)
    with pytest.raises(NoLongerAllowed):
        invitations.invite(organization, "x@example.com", actor=actor)
