"""Members and invitations over the API: who sees what of whom (AP-14), pages (AP-13), joining, leaving."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import Actor
from accounts.ids import public_id
from accounts.models import AuditEvent, User
from organizations import invitations, memberships
from organizations.models import Membership, Organization
from tests import cast
from tests.api.clients import API, document
from tests.api.programs import (
    Kind,
    attributes,
    detail,
    ids,
    organization_program,
    ou,
    program,
    refusals,
    team,
)
from tests.organizations.stage import SERVER, counts_of, found, membership_of
from tests.statements import statements

OPEN = "/organizations/open/organization-memberships"
FORT = "/organizations/fort/organization-memberships"
MINE = "/organization-memberships"
TEAMS = "/data/relationships/teams"


def path_of(user, name="open"):
    return f"{MINE}/{ou(user, name)}"


def invite(stage, who, name="open"):
    return invitations.add(Organization.objects.get(name=name), who, actor=SERVER)


def usernames(response):
    assert response.status_code == 200, response.content
    return [one["attributes"]["username"] for one in response.json()["data"]]


def invitation(**sent):
    return document("organization-memberships", **sent)


def into(stage, *teams):
    return {"teams": {"data": [{"type": "teams", "id": one} for one in teams]}}


# --- The list ---


def test_owners_see_everything_of_everybody(stage):
    invite(stage, "new@example.com")

    response = program(stage, "olga").get(f"{OPEN}?include=user,teams")

    assert usernames(response) == ["max", "mia", "olga", "una", None]
    answer = response.json()
    first, *_others, last = answer["data"]
    assert first["type"] == "organization-memberships"
    assert first["id"] == ou(stage.max)
    assert first["attributes"]["status"] == "active"
    assert first["attributes"]["email"] == "max@example.com"
    assert first["attributes"]["is-org-two-factor-required"] is None
    assert first["relationships"]["user"]["data"] == {"type": "users", "id": public_id("user", stage.max.pk)}
    assert first["relationships"]["organization"]["data"] == {"type": "organizations", "id": "open"}
    assert last["attributes"]["status"] == "invited"
    assert last["attributes"]["email"] == "new@example.com"
    assert last["relationships"]["user"]["data"] is None
    in_team = {one["id"] for one in answer["data"] if one["relationships"]["teams"]["data"]}
    assert in_team == {ou(stage.olga), ou(stage.una)}
    two_factor = {
        one["attributes"]["username"]: one["attributes"]["two-factor"]
        for one in answer["included"]
        if one["type"] == "users"
    }
    assert two_factor["max"] == {"enabled": True, "verified": True}
    assert two_factor["mia"] == {"enabled": False, "verified": False}
    [owners] = [one for one in answer["included"] if one["type"] == "teams"]
    assert (owners["id"], owners["attributes"]["users-count"]) == (team("open"), 2)
    assert answer["meta"]["status-counts"] == {"total": 5, "active": 4, "invited": 1}
    assert answer["meta"]["pagination"]["total-count"] == 5


def test_ap_14_members_see_names_and_nothing_else(stage):
    invite(stage, "new@example.com")
    invite(stage, "eve")

    response = program(stage, "max").get(f"{OPEN}?include=user,teams")

    assert usernames(response) == ["max", "mia", "olga", "una"]
    answer = response.json()
    assert answer["meta"]["status-counts"] == {"total": 4, "active": 4, "invited": 0}
    for one in (*answer["data"], *answer["included"]):
        if one["attributes"].get("username") == "max":
            continue
        assert "email" not in one["attributes"]
        assert "two-factor" not in one["attributes"]
    assert "mia@example.com" not in response.content.decode()


def test_ap_14_members_find_nobody_by_address(stage):
    client = program(stage, "max")

    assert usernames(client.get(f"{OPEN}?q=mia@ex")) == []
    assert usernames(client.get(f"{OPEN}?filter[email]=mia@example.com")) == []
    assert usernames(client.get(f"{OPEN}?filter[status]=invited")) == []
    assert usernames(client.get(f"{OPEN}?q=mi")) == ["mia"]


def test_ap_14_who_was_invited_by_name_keeps_address_and_two_factor(stage):
    """Else inviting a name would be the way to learn them."""
    invite(stage, "eve")

    response = program(stage, "olga").get(f"{OPEN}?filter[status]=invited&include=user")

    assert usernames(response) == ["eve"]
    assert "eve@example.com" not in response.content.decode()
    assert "two-factor" not in response.json()["included"][0]["attributes"]
    assert usernames(program(stage, "olga").get(f"{OPEN}?filter[email]=eve@example.com")) == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("filter[status]=active", ["max", "mia", "olga", "una"]),
        ("filter[status]=invited", [None, "eve"]),
        ("filter[status]=inactive", []),
        ("q=MA", ["max"]),
        ("q=m", ["max", "mia"]),
        ("q=mia@EX", ["mia"]),
        ("q=other", ["una"]),
        ("q=new", [None]),
        ("q=a", []),
        ("q=%25", []),
        ("filter[email]=mia@example.com,NEW@example.com,nobody@example.com", ["mia", None]),
        ("filter[email]=mia@example.com&filter[status]=invited", []),
        ("q=m&filter[email]=mia@example.com", ["mia"]),
    ],
)
def test_filters(stage, query, names):
    User.objects.filter(pk=stage.una.pk).update(email="Other@example.com")
    invite(stage, "new@example.com")
    invite(stage, "eve")

    response = program(stage, "olga").get(f"{OPEN}?{query}")

    assert usernames(response) == names
    assert response.json()["meta"]["pagination"]["total-count"] == len(names)


@pytest.mark.parametrize(
    "query",
    [
        "filter[status]=else",
        "filter[email]=" + ",".join(["a@b.c"] * 101),
        "include=workspaces",
        "include=user.organization-memberships.user",
        "page[size]=-1",
        "page[size]=0",
        "page[size]=ten",
        "page[number]=0",
        "page[number]=1e3",
        "page[number]=99999999999",
        "page[number]=%D9%A1",
        "page[after]=x",
        "page[after]=active,bob",
        "page[after]=else,bob,1",
        "page[after]=active,b'ob,1",
        "page[after]=active,bob,99999999999999999999",
        "q=%00",
        "q=" + "x" * 3000,
        "page[after]=%00",
    ],
)
def test_ap_13_what_makes_no_sense_is_a_400(stage, query):
    response = program(stage, "olga").get(f"{OPEN}?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["status"] == "400"


@pytest.mark.parametrize("query", ["page[size]=1000000000", "page[number]=1000000000", "q=%FF"])
def test_ap_13_what_is_too_much_is_capped(stage, query):
    response = program(stage, "olga").get(f"{OPEN}?{query}")

    assert response.status_code == 200
    assert response.json()["meta"]["pagination"]["page-size"] <= 100


def crowd(stage, members=25, invited=6):
    """An organization of so many members, olga among them, and invitations."""
    organization = found("crowd", stage.olga)
    users = User.objects.bulk_create(
        User(username=f"m{number:03}", email=f"m{number}@example.com", email_confirmed_at=timezone.now())
        for number in range(members - 1)
    )
    Membership.objects.bulk_create(
        Membership(
            organization=organization,
            user=user,
            username=user.username,
            status="active",
            joined_at=timezone.now(),
        )
        for user in users
    )
    for number in range(invited):
        Membership.objects.create(
            organization=organization, email=f"i{number}@example.com", expires_at=timezone.now()
        )
    counts = organization.counts
    counts.members, counts.invited = members, invited
    counts.save()
    return "/organizations/crowd/organization-memberships"


@pytest.mark.parametrize("size", [1, 4, 7, 25, 30, 31, 100])
@pytest.mark.parametrize("way", ["number", "next"])
def test_ap_13_the_pages_are_the_list_whichever_way(stage, size, way):
    """By numbers and by `links.next`: each row once, in the same order, over the end of the members."""
    path = crowd(stage)
    client = program(stage, "olga")
    whole = [one["id"] for one in client.get(f"{path}?page[size]=100").json()["data"]]

    seen, number, url = [], 1, f"{path}?page[size]={size}"
    while url:
        answer = client.get(url).json()
        seen += [one["id"] for one in answer["data"]]
        pages = answer["meta"]["pagination"]
        assert pages["current-page"] == number
        assert pages["total-pages"] == -(-31 // size)
        following = answer["links"]["next"]
        assert (following is None) == (number == pages["total-pages"])
        number += 1
        if way == "number":
            url = f"{path}?page[size]={size}&page[number]={number}" if following else None
        else:
            url = following and following.removeprefix("http://testserver")
            assert url is None or "page%5Bafter%5D=" in url

    assert len(whole) == 31
    assert seen == whole


def test_ap_13_a_page_behind_the_last_is_empty_and_leads_back(stage):
    answer = program(stage, "olga").get(f"{OPEN}?page[number]=9&page[size]=2").json()

    assert answer["data"] == []
    assert answer["meta"]["pagination"]["next-page"] is None
    assert answer["meta"]["pagination"]["prev-page"] == 2
    assert answer["links"]["next"] is None


def test_a_page_takes_four_statements_however_long_it_is(stage):
    path = crowd(stage, members=100)
    client = program(stage, "olga")
    client.get("/ping")

    with CaptureQueriesContext(connection) as captured:
        assert len(client.get(f"{path}?page[size]=100&include=user").json()["included"]) == 100

    assert len(statements(captured)) <= 4


@pytest.mark.parametrize("kind", Kind)
def test_tokens_of_the_organization_see_what_owners_see(stage, kind):
    client = organization_program(Organization.objects.get(name="open"), kind)

    response = client.get(f"{OPEN}?include=user")

    assert usernames(response) == ["max", "mia", "olga", "una"]
    assert response.json()["data"][0]["attributes"]["email"] == "max@example.com"
    assert client.get(FORT).status_code == 404


# --- Inviting ---


def test_an_address_is_invited(stage):
    response = program(stage, "olga").post(OPEN, invitation(email="New@Example.com"))

    assert response.status_code == 201
    shown = attributes(response)
    assert (shown["status"], shown["email"], shown["username"]) == ("invited", "new@example.com", None)
    assert response.json()["data"]["relationships"]["user"]["data"] is None
    assert "included" not in response.json()
    assert counts_of("open") == (4, 2, 1)


def test_d24_known_unknown_and_unconfirmed_addresses_get_the_same_answer(stage):
    cast.make_user("unconfirmed", email_confirmed_at=None)
    client = program(stage, "olga")
    answers = []

    for address in ("eve@example.com", "unconfirmed@example.com", "nobody@example.com", "mia@example.com"):
        answer = client.post(OPEN, invitation(email=address))
        assert answer.status_code == 201
        one = answer.json()["data"]
        del one["id"], one["links"], one["attributes"]["created-at"]
        assert one["attributes"].pop("email") == address
        answers.append(one)

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

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


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


# --- One's own ---


def test_lists_ones_own_also_closed_ones_and_invitations(stage):
    found("zoo", stage.eve)
    invite(stage, "mia@example.com", "zoo")

    response = program(stage, "mia").get(f"{MINE}?include=user,teams")

    answer = response.json()
    shown = {
        one["relationships"]["organization"]["data"]["id"]: (
            one["attributes"]["status"],
            one["attributes"]["email"],
            one["attributes"]["is-org-two-factor-required"],
        )
        for one in answer["data"]
    }
    assert shown == {
        "fort": ("active", "mia@example.com", True),
        "open": ("active", "mia@example.com", False),
        "zoo": ("invited", "mia@example.com", False),
    }
    assert [one["attributes"]["two-factor"]["enabled"] for one in answer["included"]] == [False]
    for name in ("olga", "max", "eve"):
        assert name not in response.content.decode()


def test_ones_own_teams_are_included(stage):
    answer = program(stage, "olga").get(f"{MINE}?include=teams").json()

    assert [(one["id"], one["attributes"]["users-count"]) for one in answer["included"]] == [
        (team("fort"), 2),
        (team("open"), 2),
    ]


def test_answered_and_expired_invitations_are_not_listed(stage):
    invite(stage, "max@example.com", "open")  # where max is already
    found("zoo", stage.eve)
    gone = invite(stage, "max", "zoo")
    Membership.objects.filter(pk=gone.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    client = program(stage, "max")

    assert ids(client.get(MINE)) == [ou(stage.max, "fort"), ou(stage.max, "open")]
    assert client.get(f"{MINE}/{public_id('ou', gone.pk)}").status_code == 404
    assert client.delete(f"{MINE}/{public_id('ou', gone.pk)}").status_code == 404


@pytest.mark.parametrize("kind", Kind)
def test_an_organization_token_is_in_nothing(stage, kind):
    client = organization_program(Organization.objects.get(name="open"), kind)

    assert client.get(MINE).status_code == 404


# --- One by its id ---


def test_owners_see_one_whole(stage):
    response = program(stage, "olga").get(f"{path_of(stage.max)}?include=user,teams")

    answer = response.json()
    assert answer["data"]["id"] == ou(stage.max)
    assert answer["data"]["links"] == {"self": f"{API}{path_of(stage.max)}"}
    assert answer["data"]["attributes"]["email"] == "max@example.com"
    [user] = answer["included"]
    assert user["attributes"]["two-factor"]["enabled"] is True


def test_ones_own_is_open_and_others_are_not(stage):
    client = program(stage, "max")

    own = client.get(f"{path_of(stage.max)}?include=user")

    assert attributes(own)["is-org-two-factor-required"] is False
    assert own.json()["included"][0]["attributes"]["two-factor"]["enabled"] is True
    refused = client.get(path_of(stage.mia))
    assert refusals(refused) == [("403", "forbidden", None)]
    assert "mia" not in refused.content.decode()


def test_r43_locked_out_members_see_not_even_their_own(stage):
    response = program(stage, "mia").get(path_of(stage.mia, "fort"))

    assert refusals(response) == [("403", "two-factor required", None)]


@pytest.mark.parametrize("who", ["mia", "mia@example.com"])
def test_ones_own_invitation_stays_readable_and_says_what_is_required(stage, who):
    Membership.objects.filter(pk=membership_of(stage.mia, "fort").pk).delete()
    row = invite(stage, who, "fort")

    response = program(stage, "mia").get(f"{MINE}/{public_id('ou', row.pk)}?include=user")

    shown = attributes(response)
    assert (shown["status"], shown["is-org-two-factor-required"]) == ("invited", True)
    assert shown["email"] == "mia@example.com"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "pk", ["ou-1", "ou-9999999999999999", "1", "at-0000000000000001", "ou-000000000000000x"]
)
def test_there_is_nothing_under_other_ids(stage, method, pk):
    assert program(stage, "olga").send(method, f"{MINE}/{pk}").status_code == 404


# --- Going ---


def test_owners_remove_members_and_take_invitations_back(stage):
    row = invite(stage, "new@example.com")
    client = program(stage, "olga", verified=False)

    assert client.delete(path_of(stage.mia), "null").status_code == 204
    assert client.delete(f"{MINE}/{public_id('ou', row.pk)}").status_code == 204

    assert counts_of("open") == (3, 1, 0)
    events = AuditEvent.objects.filter(door="api").values_list("event", flat=True)
    assert sorted(events) == ["organization.invitation_revoked", "organization.member_removed"]


def test_d06_removing_an_owner_takes_sudo(stage):
    path = path_of(stage.una)

    assert program(stage, "olga", verified=False).delete(path).status_code == 403
    assert program(stage, "olga").delete(path).status_code == 204


def test_an_organization_token_removes_members_and_no_owner(stage):
    client = organization_program(Organization.objects.get(name="open"))

    refused = client.delete(path_of(stage.una))

    assert refusals(refused) == [("403", "forbidden", None)]
    assert client.delete(path_of(stage.mia)).status_code == 204


def test_the_token_of_the_owners_removes_owners_but_not_the_last_one(stage):
    client = organization_program(Organization.objects.get(name="open"), Kind.OWNERS)

    assert client.delete(path_of(stage.una)).status_code == 204
    assert refusals(client.delete(path_of(stage.olga))) == [("422", "last-owner", None)]


def test_members_remove_nobody_else(stage):
    assert program(stage, "max").delete(path_of(stage.mia)).status_code == 403


def test_members_leave_also_when_locked_out(stage):
    client = program(stage, "mia")

    assert client.delete(path_of(stage.mia, "fort")).status_code == 204
    assert client.delete(path_of(stage.mia)).status_code == 204
    assert ids(client.get(MINE)) == []


def test_owners_do_not_remove_themselves(stage):
    response = program(stage, "olga").delete(path_of(stage.olga))

    assert refusals(response) == [("403", "forbidden", None)]
    assert "team" in detail(response)
    assert membership_of(stage.olga, "open").is_owner


@pytest.mark.parametrize("who", ["eve", "eve@example.com"])
def test_invited_people_decline(stage, who):
    row = invite(stage, who)

    assert program(stage, "eve").delete(f"{MINE}/{public_id('ou', row.pk)}").status_code == 204
    assert not Membership.objects.filter(pk=row.pk).exists()
    assert counts_of("open") == (4, 2, 0)


def test_nobody_declines_for_an_address_that_is_not_confirmed(stage):
    row = invite(stage, "una2@example.com")
    User.objects.filter(pk=stage.eve.pk).update(email="una2@example.com", email_confirmed_at=None)
    stage.eve.refresh_from_db()

    assert program(stage, "eve").get(f"{MINE}/{public_id('ou', row.pk)}").status_code == 404
    assert program(stage, "eve").delete(f"{MINE}/{public_id('ou', row.pk)}").status_code == 404
    assert Membership.objects.filter(pk=row.pk).exists()


# --- Others (isolation) ---


def test_r45_outsiders_are_told_nothing(stage):
    row = invite(stage, "new@example.com")
    strange = found("strange", stage.eve)
    clients = [program(stage, "eve"), *(organization_program(strange, kind) for kind in Kind)]

    for client in clients:
        for pk in (ou(stage.max), public_id("ou", row.pk), "ou-9999999999999999"):
            for method in ("GET", "DELETE"):
                response = client.send(method, f"{MINE}/{pk}")
                assert response.status_code == 404
                assert response.json() == {"errors": [{"status": "404", "title": "not found"}]}
        assert client.get(OPEN).status_code == 404
        assert client.post(OPEN, invitation(email="x@example.com")).status_code == 404

    assert counts_of("open") == (4, 2, 1)
    assert mail.outbox == []


@pytest.mark.parametrize("door", ["api", "page"])
def test_whoever_becomes_an_owner_meanwhile_is_not_removed_without_sudo(stage, monkeypatch, door):
    organization, mia = Organization.objects.get(name="open"), membership_of(stage.mia, "open")
    remove = memberships.remove

    def too_late(*args, **kwargs):
        memberships.make_owner(organization, mia.pk, actor=Actor.command())
        return remove(*args, **kwargs)

    monkeypatch.setattr(memberships, "remove", too_late)
    if door == "api":
        answer = program(stage, "olga").delete(path_of(stage.mia))
    else:
        answer = stage.browser("olga").post(f"/app/open/settings/users/{mia.pk}/remove")

    assert answer.status_code == 422
    assert Membership.objects.get(pk=mia.pk).is_owner


def test_an_organizations_own_token_sees_the_owners_team_in_no_list(stage):
    client = organization_program(Organization.objects.get(name="open"), Kind.ORGANIZATION)

    answer = client.get("/organizations/open/organization-memberships?include=teams").json()

    assert answer.get("included", []) == []
