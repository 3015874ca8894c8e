"""The list of members and invitations over the API: who sees what of whom (AP-14), its pages (AP-13)."""

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.models.public_ids import public_id
from organizations.members.addresses import copy_again
from organizations.models import Membership, Organization
from tests.api.members import FORT, OPEN, invite, usernames
from tests.api.programs import Kind, organization_program, ou, program, team
from tests.support.organizations import found
from tests.support.statements import sent, statements


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
    assert last["relationships"]["user"]["data"] == {
        "type": "users",
        "id": last["id"].replace("ou-0", "user-i"),
    }
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
    copy_again()
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

    with sent() as captured:
        assert len(client.get(f"{path}?page[size]=100&include=user").json()["included"]) == 100

    assert len(statements(captured)) <= 4


@pytest.mark.parametrize("kind", Kind)
def test_tokens_of_the_organization_see_what_owners_see(stage, kind):
    client = organization_program(Organization.objects.get(name="open"), kind)

    response = client.get(f"{OPEN}?include=user")

    assert usernames(response) == ["max", "mia", "olga", "una"]
    assert response.json()["data"][0]["attributes"]["email"] == "max@example.com"
    assert client.get(FORT).status_code == 404


def test_an_organizations_own_token_sees_the_owners_team_in_no_list(stage):
    client = organization_program(Organization.objects.get(name="open"), Kind.ORGANIZATION)

    answer = client.get("/organizations/open/organization-memberships?include=teams").json()

    assert answer.get("included", []) == []
