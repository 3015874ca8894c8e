"""terrasnek, the other client for Python, as it is, against the running product.

It builds its addresses from what discovery says, sends null as the body of a DELETE, reads every 404
as JSON, and follows no redirect. (Its look at the package index for a newer version is left out.)
"""

import pytest
from terrasnek.api import TFC
from terrasnek.exceptions import TFCHTTPNotFound, TFCHTTPUnclassified, TFCHTTPUnprocessableEntity

from tests.api.clients import document, token_of
from tests.api.programs import ou, team
from tests.support.organizations import is_mandatory, make_stage

TOKEN = "authentication-tokens"


@pytest.fixture
def stage(live_site):
    return make_stage()


@pytest.fixture
def olga(live_site, stage):
    client = TFC(token_of(stage.olga), url=live_site.url, skip_version_check=True)
    client.set_org("open")
    return client


def ids(answer):
    return [one["id"] for one in answer["data"]]


def attributes(answer):
    return answer["data"]["attributes"]


def test_af2_whose_token_it_is(olga):
    me = olga.account.show()["data"]

    assert me["attributes"]["username"] == "olga"
    assert olga.users.show(me["id"])["data"]["id"] == me["id"]
    assert olga.account.update({"data": {"type": "users"}})["data"]["id"] == me["id"]


def test_af2_tokens_are_made_listed_shown_and_revoked_with_as_little_as_can_be_sent(stage, olga):
    me = olga.account.show()["data"]["id"]
    bodies = [
        {"data": {"type": ""}},
        {"data": {"type": TOKEN, "attributes": {}}},
        document(TOKEN, description="x"),
    ]

    made = [olga.user_tokens.create(me, body)["data"] for body in bodies]

    assert [one["attributes"]["description"] for one in made] == ["", "", "x"]
    assert ids(olga.user_tokens.list(me))[:3] == [one["id"] for one in reversed(made)]
    shown = olga.user_tokens.show(made[0]["id"])
    assert shown["data"]["relationships"]["created-by"]["data"]["id"] == me
    olga.user_tokens.destroy(made[0]["id"])
    with pytest.raises(TFCHTTPNotFound):
        olga.user_tokens.show(made[0]["id"])


def test_af2_tokens_of_an_organization_and_its_team_are_made_from_null(olga):
    for tokens, args in ((olga.org_tokens, ()), (olga.team_tokens, (team("open"),))):
        made = tokens.create(*args)["data"]
        assert made["relationships"]["created-by"]["data"]["type"] == "users"
        tokens.destroy(*args)
        with pytest.raises(TFCHTTPNotFound):
            tokens.destroy(*args)


def test_organizations_are_made_listed_changed_and_deleted(stage, olga):
    olga.orgs.create(document("organizations", name="new-one", email="a@example.com"))

    assert ids(olga.orgs.list_all()) == ids(olga.orgs.list()) == ["fort", "new-one", "open"]
    assert attributes(olga.orgs.show("new-one"))["two-factor-conformant"] is True
    assert olga.orgs.entitlements("new-one")["data"]["type"] == "entitlement-sets"
    olga.orgs.update("new-one", document("organizations", collaborator_auth_policy="two_factor_mandatory"))
    assert is_mandatory("new-one")
    olga.orgs.destroy("new-one")
    with pytest.raises(TFCHTTPNotFound):
        olga.orgs.show("new-one")


def test_af1_members_are_invited_listed_shown_and_removed(stage, olga):
    body = document("organization-memberships", email="new@example.com")
    invited = olga.org_memberships.invite(body)

    [user] = invited["included"]
    assert (user["attributes"]["username"], user["attributes"]["email"]) == (None, "new@example.com")
    listed = olga.org_memberships.list_all_for_org(include=["user", "teams"])
    assert len(listed["data"]) == 5
    assert user["id"] in {one["id"] for one in listed["included"]}
    assert olga.org_memberships.show(ou(stage.max))["data"]["attributes"]["status"] == "active"
    assert len(ids(olga.org_memberships.list_for_user())) == 2
    olga.org_memberships.remove(invited["data"]["id"])
    with pytest.raises(TFCHTTPNotFound):
        olga.org_memberships.show(invited["data"]["id"])


def test_owners_are_made_and_unmade_by_names_and_by_memberships(stage, olga):
    assert ids(olga.teams.list_all()) == [team("open")]
    changes = [
        (olga.team_memberships.add_user_to_team, {"type": "users", "id": "mia"}),
        (olga.team_memberships.remove_user_from_team, {"type": "users", "id": "mia"}),
        (
            olga.team_memberships.add_user_to_team_with_org_id,
            {"type": "organization-memberships", "id": ou(stage.max)},
        ),
    ]

    for change, who in changes:
        change(team("open"), {"data": [who]})

    shown = olga.teams.show(team("open"), include=["users"])
    assert sorted(one["attributes"]["username"] for one in shown["included"]) == ["max", "olga", "una"]


def test_af6_what_is_not_here_says_so(olga):
    with pytest.raises(TFCHTTPUnclassified) as refused:
        olga.teams.create(document("teams", name="developers"))
    assert "one team here" in str(refused.value)
    for ask in (olga.workspaces.list, olga.registry_modules.list, olga.ip_ranges.list):
        with pytest.raises(TFCHTTPNotFound) as refused:
            ask()
        assert "accounts and organizations" in str(refused.value)
    with pytest.raises(TFCHTTPUnprocessableEntity) as refused:
        olga.user_tokens.create(olga.account.show()["data"]["id"], {"data": []})
    assert "There must be a “data” object" in str(refused.value)
