"""HashiCorp's own client for Python, as it is, against the running product.

It sends attributes with underscores, and drops from organizations what it has no hyphen for; what it does not
show is asked of the transport below it.
"""

from datetime import UTC, datetime, timedelta

import pytest
from pytfe import TFEClient, TFEConfig
from pytfe.errors import AuthError, NotFound, TFEError
from pytfe.models import (
    OrganizationCreateOptions,
    OrganizationMembershipCreateOptions,
    OrganizationMembershipListOptions,
    OrganizationMembershipReadOptions,
    OrganizationTokenCreateOptions,
    OrganizationUpdateOptions,
    Team,
    TeamListOptions,
    TeamReadOptions,
    TeamTokenCreateOptions,
    UserUpdateCurrentOptions,
)
from pytfe.models.organization import OrganizationIncludeOpt, OrganizationReadOptions
from pytfe.models.organization_membership import OrgMembershipIncludeOpt
from pytfe.models.team import TeamIncludeOpt

from accounts.models.public_ids import public_id
from organizations.models import Membership, Organization
from tests.api.clients import API, document, token_of, token_of_organization
from tests.api.programs import ou, team
from tests.support.organizations import is_mandatory, make_stage

NEXT_YEAR = datetime.now(tz=UTC) + timedelta(days=365)
EVERYTHING = [OrgMembershipIncludeOpt.USER, OrgMembershipIncludeOpt.TEAMS]


@pytest.fixture
def stage(live_site):
    return make_stage()


@pytest.fixture
def connect(live_site, stage):
    """connect("olga") is the client with her token, connect(token=...) that with another one."""
    clients = []

    def begin(name="", token=""):
        config = TFEConfig(
            address=live_site.url, token=token or token_of(stage.people[name]), max_retries=0, ca_bundle=None
        )
        clients.append(TFEClient(config))
        return clients[-1]

    yield begin
    for client in clients:
        client.close()


@pytest.fixture
def olga(connect):
    return connect("olga")


def attributes(client, path):
    return client._transport.request("GET", f"{API}{path}").json()["data"]["attributes"]


def owners(name="open"):
    rows = Membership.objects.owners().filter(organization__name=name)
    return sorted(rows.values_list("username", flat=True))


def test_a_walk_from_the_policy_to_a_members_two_factor(stage, olga):
    """What a program that manages organizations does with this client, call by call."""
    stage.enrol("una")
    assert olga.organizations.read("open").name == "open"
    assert attributes(olga, "/organizations/open")["collaborator-auth-policy"] == "password"
    olga.organizations.update(
        "open", OrganizationUpdateOptions(collaborator_auth_policy="two_factor_mandatory")
    )
    assert attributes(olga, "/organizations/open")["collaborator-auth-policy"] == "two_factor_mandatory"
    me = olga.users.read_current()
    assert me.two_factor.enabled
    assert me.two_factor.verified
    rows = list(
        olga.organization_memberships.list("open", OrganizationMembershipListOptions(status="active"))
    )
    one = olga.organization_memberships.read_with_options(
        rows[0].id, OrganizationMembershipReadOptions(include=[OrgMembershipIncludeOpt.USER])
    )
    assert one.user.two_factor is not None


# --- Organizations ---


def test_organizations_are_listed_and_read(olga):
    assert [one.id for one in olga.organizations.list()] == ["fort", "open"]
    options = OrganizationReadOptions(include=[OrganizationIncludeOpt.ORGANIZATION_SUBSCRIPTION])
    read = olga.organizations.read("OPEN", options)
    assert (read.id, read.email) == ("open", "hello@open.example")
    assert read.permissions["can-update"] is True
    assert read.default_execution_mode == "remote"
    settings = olga.organizations.read_default_settings("open")
    assert (settings.default_execution_mode, settings.default_agent_pool_id) == ("remote", None)
    entitlements = olga.organizations.read_entitlements("open")
    assert entitlements.id == public_id("org", Organization.objects.get(name="open").pk)
    assert (entitlements.operations, entitlements.sso) == (False, False)


def test_an_organization_is_made_changed_and_deleted(olga):
    made = olga.organizations.create(OrganizationCreateOptions(name="new-one", email="a@example.com"))
    assert (made.id, made.name, made.email) == ("new-one", "new-one", "a@example.com")

    options = OrganizationUpdateOptions(
        name="new-one", email="b@example.com", session_timeout=60, session_remember=120, saml_enabled=False
    )
    assert olga.organizations.update("new-one", options).email == "b@example.com"
    stored = Organization.objects.get(name="new-one")
    assert (stored.email, stored.session_timeout, stored.session_remember) == ("b@example.com", 60, 120)

    assert olga.organizations.delete("new-one") is None
    with pytest.raises(NotFound):
        olga.organizations.read("new-one")


def test_refusals_come_with_their_words(stage, olga, connect):
    with pytest.raises(TFEError, match="una") as refused:
        olga.organizations.update(
            "open", OrganizationUpdateOptions(collaborator_auth_policy="two_factor_mandatory")
        )
    assert refused.value.status == 422
    assert refused.value.errors[0]["source"] == {"pointer": "/data/attributes/collaborator-auth-policy"}
    assert not is_mandatory("open")
    with pytest.raises(TFEError, match="taken"):
        olga.organizations.create(OrganizationCreateOptions(name="Open", email="a@example.com"))
    with pytest.raises(NotFound):
        olga.organizations.read("nowhere")
    with pytest.raises(AuthError, match="requires two-factor authentication"):
        connect("mia").organizations.read("fort")
    with pytest.raises(AuthError) as unauthorized:
        connect(token="x" * 14 + ".atlasv1." + "x" * 67).organizations.read("open")
    assert unauthorized.value.status == 401


def test_af3_personal_tokens_are_refused_with_a_sentence(olga, connect):
    owners = connect(token=token_of_organization(Organization.objects.get(name="open"), "owners"))
    switch = {"data": {"type": "organizations", "attributes": {"user-tokens-enabled": False}}}
    assert (
        owners._transport.request("PATCH", f"{API}/organizations/open", json_body=switch).status_code == 200
    )

    with pytest.raises(AuthError, match="open doesn't accept personal tokens"):
        olga.organizations.read("open")
    assert owners.organizations.read("open").name == "open"
    assert {one.name for one in olga.organizations.list()} == {"open", "fort"}


# --- Memberships ---


def test_memberships_are_listed_and_read(stage, olga):
    def names(**options):
        rows = olga.organization_memberships.list("open", OrganizationMembershipListOptions(**options))
        return [row.id for row in rows]

    ids = [ou(stage.people[name]) for name in ("max", "mia", "olga", "una")]
    assert [row.id for row in olga.organization_memberships.list("open")] == ids
    assert names(page_size=1) == ids
    assert names(page_size=3, include=EVERYTHING, status="active") == ids
    assert names(status="invited") == []
    assert names(emails=["mia@example.com", "olga@example.com"]) == ids[1:3]
    assert names(query="m") == ids[:2]
    assert olga.organization_memberships.read(ids[0]).email == "max@example.com"
    read = olga.organization_memberships.read_with_options(
        ids[2], OrganizationMembershipReadOptions(include=EVERYTHING)
    )
    assert (read.user.username, read.organization.id) == ("olga", "open")
    assert [team.name for team in read.teams] == ["owners"]


def test_members_are_invited_and_removed(stage, olga, connect):
    invited = olga.organization_memberships.create(
        "open", OrganizationMembershipCreateOptions(email="new@example.com")
    )
    assert (invited.status.value, invited.email) == ("invited", "new@example.com")
    assert invited.user.id == invited.id.replace("ou-0", "user-i")
    with pytest.raises(TFEError) as refused:
        olga.organization_memberships.create(
            "open", OrganizationMembershipCreateOptions(email="b@example.com", teams=[Team(id=team())])
        )
    assert refused.value.errors[0]["source"] == {"pointer": "/data/relationships/teams"}

    mine = ou(stage.mia)
    for pk in (invited.id, mine):
        assert olga.organization_memberships.delete(pk) is None
        with pytest.raises(NotFound):
            olga.organization_memberships.read(pk)
    with pytest.raises(AuthError):
        olga.organization_memberships.delete(ou(stage.olga))


def test_a_plain_member_reads_names(connect):
    rows = list(connect("max").organization_memberships.list("open"))

    assert sorted(row.email for row in rows) == ["", "", "", "max@example.com"]


# --- Teams ---


def test_the_team_is_listed_and_read(stage, olga):
    include = list(TeamIncludeOpt)
    [one] = olga.teams.list("open", TeamListOptions(names=["devs", "owners"], include=include, page_size=5))
    assert (one.id, one.name, one.visibility) == (team(), "owners", "organization")
    assert list(olga.teams.list("open", TeamListOptions(names=["devs"]))) == []
    assert [found.id for found in olga.teams.list("open", TeamListOptions(query="own"))] == [one.id]
    read = olga.teams.read(one.id, TeamReadOptions(include=include))
    assert [user.username for user in read.users] == ["olga", "una"]
    assert read.permissions.can_update_membership
    assert not read.permissions.can_destroy
    assert read.organization_access.manage_membership
    assert len(read.organization_memberships) == 2
    assert [user.username for user in olga.teams.list_users(one.id)] == ["olga", "una"]
    rows = olga.teams.list_organization_memberships(
        one.id, status="active", is_service_account=False, sort="email"
    )
    assert [row.email for row in rows] == ["olga@example.com", "una@example.com"]


def test_owners_are_added_and_removed(stage, olga):
    olga.teams.add_users(team(), ["max", "mia"])
    assert owners() == ["max", "mia", "olga", "una"]
    olga.teams.remove_users(team(), ["max", "mia"])
    assert owners() == ["olga", "una"]

    rows = [ou(user) for user in (stage.max, stage.mia)]
    olga.teams.add_organization_memberships(team(), rows)
    assert owners() == ["max", "mia", "olga", "una"]
    olga.teams.remove_organization_memberships(team(), rows)
    assert owners() == ["olga", "una"]

    with pytest.raises(TFEError, match="mia"):
        olga.teams.add_users(team("fort"), ["max", "mia"])
    with pytest.raises(TFEError, match="a member of this organization"):
        olga.teams.add_users(team(), ["max", "eve"])
    assert owners() == ["olga", "una"]


# --- Tokens ---


def test_the_token_of_an_organization(olga, connect):
    made = olga.organization_tokens.create("open")
    robot = connect(token=made.token)
    assert [one.name for one in robot.organizations.list()] == ["open"]
    assert list(robot.teams.list("open")) == []
    assert robot.users.read_current().is_service_account
    assert olga.organization_tokens.read("open").id == made.id
    assert olga.organization_tokens.read("open").token is None

    options = OrganizationTokenCreateOptions(expired_at=NEXT_YEAR)
    other = olga.organization_tokens.create_with_options("open", options)
    assert other.id != made.id
    assert abs(other.expired_at - NEXT_YEAR) < timedelta(seconds=1)
    with pytest.raises(AuthError):
        robot.organizations.read("open")

    assert olga.organization_tokens.delete("open") is None
    with pytest.raises(NotFound):
        olga.organization_tokens.read("open")


def test_the_token_of_the_owners_team(olga, connect):
    made = olga.team_tokens.create(team())
    robot = connect(token=made.token)
    robot.teams.add_users(team(), ["max"])
    assert owners() == ["max", "olga", "una"]
    with pytest.raises(AuthError):
        robot.organizations.update("open", OrganizationUpdateOptions(email="b@example.com"))
    assert olga.team_tokens.read(team()).id == made.id
    assert olga.team_tokens.read(team()).token is None

    other = olga.team_tokens.create_with_options(team(), TeamTokenCreateOptions(expired_at=NEXT_YEAR))
    assert other.id != made.id

    assert olga.team_tokens.delete(team()) is None
    with pytest.raises(NotFound):
        olga.team_tokens.read(team())


def test_tokens_of_people_by_their_ids(olga):
    """The client has no calls to make and list them; those by id are among its team tokens."""
    me = olga.users.read_current()
    path = f"{API}/users/{me.id}/authentication-tokens"
    request = olga._transport.request
    made = request("POST", path, json_body=document("authentication-tokens", description="ci")).json()["data"]
    assert made["id"] in [one["id"] for one in request("GET", path).json()["data"]]

    read = olga.team_tokens.read_by_id(made["id"])
    assert (read.description, read.token) == ("ci", None)
    assert read.created_by.user.id == me.id
    olga.team_tokens.delete_by_id(made["id"])
    with pytest.raises(NotFound):
        olga.team_tokens.read_by_id(made["id"])


# --- People ---


def test_people_read_themselves_and_whom_they_know(stage, olga, connect):
    me = olga.users.read_current()
    assert (me.id, me.username, me.email) == (public_id("user", stage.olga.pk), "olga", "olga@example.com")
    assert me.two_factor.verified
    assert me.permissions.can_view_2fa_settings
    assert me.permissions.can_create_organizations
    assert not me.is_service_account
    assert olga.users.read(me.id).username == "olga"
    assert olga.users.read(public_id("user", stage.max.pk)).username == "max"
    with pytest.raises(NotFound):
        olga.users.read(public_id("user", stage.eve.pk))
    assert connect("eve").users.read_current().username == "eve"


def test_people_change_their_address(stage, olga):
    changed = olga.users.update_current(UserUpdateCurrentOptions(username="olga", email="new@example.com"))

    assert changed.unconfirmed_email == "new@example.com"
    assert changed.email == "olga@example.com"
    with pytest.raises(TFEError):
        olga.users.update_current(UserUpdateCurrentOptions(username="somebody"))


def test_a_site_admin_disables_two_factor(stage, olga, connect):
    root = connect("root")

    root.admin.users.disable_two_factor(public_id("user", stage.max.pk))

    stage.max.refresh_from_db()
    assert not stage.max.is_enrolled
    with pytest.raises(NotFound):
        olga.admin.users.disable_two_factor(public_id("user", stage.max.pk))
