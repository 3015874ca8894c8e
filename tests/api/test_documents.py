"""Every document, for every caller, of an organization that people live in: as Terraform Cloud would send it.

The tables are in facts.py. Operations are found in the URLconf, so that a new one is compared, too.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.models.public_ids import public_id, row_id
from organizations.members import invitations
from organizations.models import Membership, Organization, OrganizationToken
from tests.api.clients import API, ApiClient, api_client, document, token_of, token_of_organization
from tests.api.facts import ATTRIBUTES, complaints_about, resources_of, unlinked
from tests.api.programs import Kind, team
from tests.api.routes import OPERATIONS, Places
from tests.support.crawler import undone
from tests.support.organizations import SERVER, actor_of, found, make_stage
from tests.support.people import make_user

pytestmark = pytest.mark.django_db

READING = [operation for operation in OPERATIONS if operation.method == "GET" and not operation.is_public]
INCLUDES = {
    "/organizations": "entitlement_set,subscription,default-project",
    "/organizations/<organization_name>": "entitlement_set,subscription,default-project",
    "/organizations/<organization_name>/organization-memberships": "user,teams",
    "/organization-memberships": "user,teams",
    "/organization-memberships/<membership_id>": "user,teams",
    "/organizations/<organization_name>/teams": "users,organization-memberships",
    "/teams/<team_id>": "users,organization-memberships",
}
NAMES = ("open", "fort", "empty")


class LivedIn:
    """People, organizations, invitations and tokens of every age, and a program of each that may ask."""

    def __init__(self):
        self.stage = stage = make_stage()
        found("empty", stage.una)
        self.invite_some()
        self.make_tokens()
        self.callers = {name: api_client(user) for name, user in stage.people.items()}
        self.callers["olga, without two-factor"] = ApiClient(token_of(stage.olga, verified=False))
        self.callers["invited by name"] = api_client(self.named)
        self.callers["invited by address"] = api_client(self.addressed)
        self.callers["new"] = api_client(make_user("new"))
        for name in NAMES:
            for kind in Kind:
                secret = token_of_organization(Organization.objects.get(name=name), kind)
                self.callers[f"{kind} token of {name}"] = ApiClient(secret)
        OrganizationToken.objects.filter(organization__name="empty").update(created_by_id=None)
        self.places = Places(stage)

    def invite_some(self):
        self.named, self.addressed = make_user("named"), make_user("addressed")
        self.open = Organization.objects.get(name="open")
        for who in ("named", self.addressed.email, "nobody@example.com", "late@example.com"):
            invitations.invite(self.open, who, actor=actor_of(self.stage.olga))
        Membership.objects.filter(email="late@example.com").update(expires_at=timezone.now() - timedelta(1))

    def make_tokens(self):
        olga, now = self.stage.olga, timezone.now()
        for description in ("old", "used", "unnamed"):
            token_of(olga, description=description)
        ApiToken.objects.filter(description="old").update(expires_at=now - timedelta(1), created_by_id=None)
        ApiToken.objects.filter(description="used").update(last_used_at=now)
        ApiToken.objects.filter(description="unnamed").update(description="", expires_at=now + timedelta(9))

    def paths(self, operation):
        """The addresses of an operation, one for each thing that it can act on."""
        many = {
            "organizations": NAMES,
            "users": [public_id("user", user.pk) for user in User.objects.all()],
            "teams": [team(name) for name in NAMES],
            "organization-memberships": [public_id("ou", row.pk) for row in Membership.objects.all()],
            "authentication-tokens": [token.public_id for token in ApiToken.objects.all()],
        }
        kind = next((kind for kind in many if f"/{kind}/<" in operation.template), None)
        if kind is None:
            return [self.places.path(operation)]
        known = self.places.open
        return [self.places.path(operation, known | {kind: one}) for one in many[kind]]


@pytest.fixture(scope="module")
def lived_in(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), undone():
        yield LivedIn()


def faults(answer):
    """What is wrong with an answer, as sentences."""
    if answer.status_code >= 400:
        return [] if all(error["title"] for error in answer.json()["errors"]) else ["no title"]
    shown = answer.json()
    own, included = resources_of(shown)
    wrong = [complaint for one in [*own, *included] for complaint in complaints_about(one)]
    wrong += [f"{one} is included without being named" for one in unlinked(shown)]
    if isinstance(shown["data"], list) and "meta" in shown:
        counts = shown["meta"]["pagination"]
        wrong += [name for name in counts if counts[name] is None and name not in ("prev-page", "next-page")]
    return wrong


def everything_read(lived_in, operation):
    """Yield (who asks, what, the answer), with whatever can be included."""
    include = INCLUDES.get(operation.template)
    for path in lived_in.paths(operation):
        for who, caller in lived_in.callers.items():
            asked = f"{path}?include={include}" if include else path
            yield who, asked, caller.get(asked)


@pytest.mark.parametrize("operation", READING, ids=map(str, READING))
def test_af1_af2_what_is_read_has_every_member_and_no_null_but_terraform_clouds(lived_in, operation):
    seen, wrong = set(), []

    for who, asked, answer in everything_read(lived_in, operation):
        assert answer.status_code in (200, 403, 404), (who, asked, answer.content)
        seen.add(answer.status_code)
        wrong += [f"{who}, {asked.removeprefix(API)}: {fault}" for fault in faults(answer)]

    assert not wrong, "\n".join(sorted(set(wrong))[:20])
    assert 200 in seen


def test_af1_each_type_of_resource_is_met(lived_in):
    """Otherwise the comparison above would say nothing about some."""
    met = set()
    for operation in READING:
        include = INCLUDES.get(operation.template, "")
        answer = lived_in.callers["olga"].get(lived_in.places.path(operation), {"include": include})
        own, included = resources_of(answer.json())
        met |= {one["type"] for one in [*own, *included]}

    assert met == set(ATTRIBUTES)


def test_af1_who_manages_members_finds_all_of_each(lived_in):
    """An address and a two-factor state for each person, but for names that were invited (D24)."""
    for who in ("olga", "una", "organization token of open", "owners token of open"):
        path = "/organizations/open/organization-memberships?include=user"
        shown = lived_in.callers[who].get(path).json()
        rows = {one["relationships"]["user"]["data"]["id"]: one["attributes"] for one in shown["data"]}
        assert {one["id"] for one in shown["included"]} == set(rows), who
        for user in shown["included"]:
            is_named = user["attributes"]["username"] == "named"
            assert ("email" in user["attributes"]) != is_named, (who, user)
            assert ("two-factor" in user["attributes"]) != is_named, (who, user)
            assert ("email" in rows[user["id"]]) != is_named, (who, user)


# ---------------------------------------------------------------- what changes answers with


@pytest.fixture
def stage(lived_in):
    with undone():
        yield lived_in.stage


def made(answer):
    assert answer.status_code in (200, 201), answer.content
    assert faults(answer) == []
    return answer.json()


@pytest.mark.parametrize("caller", ["olga", "owners token of open", "organization token of open"])
@pytest.mark.parametrize(
    "who", [{"email": "brand.new@example.com"}, {"email": "eve@example.com"}, {"username": "eve"}]
)
def test_af1_an_invitation_names_a_user_and_includes_it(lived_in, stage, caller, who):
    client = lived_in.callers[caller]
    sent = client.post(
        "/organizations/open/organization-memberships", document("organization-memberships", **who)
    )

    answer = made(sent)
    [user] = answer["included"]
    assert answer["data"]["relationships"]["user"]["data"] == {"type": "users", "id": user["id"]}
    assert user["attributes"]["username"] == ("eve" if "username" in who else None)
    for include in ("", "?include=user"):
        again = made(client.get(f"/organization-memberships/{answer['data']['id']}{include}"))
        assert again["data"]["relationships"] == answer["data"]["relationships"]


def test_af1_a_placeholder_is_the_same_each_time_and_no_account(lived_in, stage):
    olga = lived_in.callers["olga"]
    path = "/organizations/open/organization-memberships?include=user&filter[status]=invited"

    first, second = (made(olga.get(path)) for _ in range(2))

    assert first == second
    placeholders = {one["id"] for one in first["included"] if one["attributes"]["username"] is None}
    assert len(placeholders) == 3
    for one in placeholders:
        assert row_id("user", one) is None
        assert olga.get(f"/users/{one}").status_code == 404
        assert olga.get(f"/users/{one}/authentication-tokens").json() == {"data": []}
        refused = olga.post(
            f"/teams/{team('open')}/relationships/users", {"data": [{"type": "users", "id": one}]}
        )
        assert refused.status_code == 422


def test_af1_the_placeholder_gives_way_to_the_user_who_accepts(lived_in, stage):
    row = Membership.objects.get(email=lived_in.addressed.email)
    path = f"/organization-memberships/{public_id('ou', row.pk)}?include=user"
    own = lived_in.callers["invited by address"]
    [before] = made(own.get(path))["included"]

    invitations.accept(row.pk, user=lived_in.addressed, actor=SERVER)

    [after] = made(lived_in.callers["olga"].get(path))["included"]
    assert before["id"] != after["id"] == public_id("user", lived_in.addressed.pk)
    assert (before["attributes"]["username"], after["attributes"]["username"]) == (None, "addressed")


def test_af1_a_new_organization_a_change_and_an_account_are_whole(lived_in, stage):
    una = lived_in.callers["una"]

    new = made(una.post("/organizations", document("organizations", name="brand-new", email="a@example.com")))
    changed = made(una.patch("/organizations/brand-new", {"data": {"type": "organizations"}}))
    account = made(una.patch("/account/update", {"data": {"type": "users"}}))

    assert changed["data"]["relationships"] == new["data"]["relationships"]
    assert account["data"]["attributes"]["username"] == "una"


def test_af1_a_user_whose_two_factor_was_removed_is_shown_as_site_administrators_see_it(lived_in, stage):
    path = f"/admin/users/{public_id('user', stage.eve.pk)}/actions/disable_two_factor"

    shown = made(lived_in.callers["root"].post(path))["data"]["attributes"]

    assert (shown["is-admin"], shown["is-suspended"]) == (False, False)
    assert (shown["two-factor-enabled"], shown["two-factor-verified"]) == (False, False)


def test_af2_somebody_is_known_as_the_maker_of_each_token(lived_in, stage):
    """A token that a command has made belongs to something, if to nobody."""
    olga, una = lived_in.callers["olga"], lived_in.callers["una"]
    mine = made(olga.get(f"/users/{public_id('user', stage.olga.pk)}/authentication-tokens"))
    of_organization = made(una.get("/organizations/empty/authentication-token"))
    of_team = made(una.get(f"/teams/{team('empty')}/authentication-token"))

    makers = {one["relationships"]["created-by"]["data"]["id"] for one in mine["data"]}
    assert makers == {public_id("user", stage.olga.pk)}
    assert of_organization["data"]["relationships"]["created-by"]["data"] == {
        "type": "organizations",
        "id": "empty",
    }
    belongs = {"type": "teams", "id": team("empty")}
    assert of_team["data"]["relationships"] == {"created-by": {"data": belongs}, "team": {"data": belongs}}
