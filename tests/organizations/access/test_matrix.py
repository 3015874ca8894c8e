"""Who may do what in an organization (D34): every action, actor and door."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.jsonapi.documents import MEDIA_TYPE
from accounts.models import ApiToken, AuditEvent, User
from organizations.models import InvitationBatch, Membership, Organization, OrganizationToken
from tests.api.clients import ApiClient, api_client, document
from tests.support.crawl_people import list_of_invitations
from tests.support.organizations import is_mandatory, membership_of
from tests.support.two_factor import text_of

ACTORS = ["anonymous", "eve", "mia", "max", "una", "oscar", "olga", "root"]

# L: to sign in, or 401. E: to the page that tells how to enrol, or 403 with its address. 422: refused by a
# rule. ok: done or shown. none: there is no such page, or no such endpoint.
# una is no member of fort, and oscar none of open. mia has no two-factor, nor has una.
MATRIX = """
view open                       html L 404 ok  ok  ok  404 ok  404
view open                       api  L 404 ok  ok  ok  404 ok  404
view fort                       html L 404 E   ok  404 ok  ok  404
view fort                       api  L 404 E   ok  404 ok  ok  404
authentication page of open     html L 404 ok  ok  ok  404 ok  404
authentication page of open     api  none
authentication page of fort     html L 404 E   ok  404 ok  ok  404
authentication page of fort     api  none
require in open                 html L 404 403 403 422 404 422 404
require in open                 api  L 404 403 403 422 404 422 404
require in fort                 html L 404 E   403 404 ok  ok  404
require in fort                 api  L 404 E   403 404 ok  ok  404
export of open                  html L 404 403 403 ok  404 ok  404
export of open                  api  none
export of fort                  html L 404 E   403 404 ok  ok  404
export of fort                  api  none
lift in fort                    html L 404 E   403 404 ok  ok  404
lift in fort                    api  L 404 E   403 404 ok  ok  404
date in open                    html L 404 403 403 ok  404 ok  404
date in fort                    html L 404 E   403 404 ok  ok  404
withdraw in open                html L 404 403 403 ok  404 ok  404
withdraw in fort                html L 404 E   403 404 ok  ok  404
missing in open                 html L 404 403 403 ok  404 ok  404
missing in fort                 html L 404 E   403 404 ok  ok  404
missing-file in open            html L 404 403 403 ok  404 ok  404
missing-file in fort            html L 404 E   403 404 ok  ok  404
remind in open                  html L 404 403 403 ok  404 ok  404
remind in fort                  html L 404 E   403 404 ok  ok  404
change contact of open          html L 404 403 403 ok  404 ok  404
change contact of open          api  L 404 403 403 ok  404 ok  404
limit sessions in open          html L 404 403 403 ok  404 ok  404
limit sessions in open          api  L 404 403 403 ok  404 ok  404
limit sessions in fort          html L 404 E   403 404 ok  ok  404
limit sessions in fort          api  L 404 E   403 404 ok  ok  404
pretend in open                 html none
pretend in open                 api  L 404 403 403 422 404 422 404
refuse tokens of open           html L 404 403 403 ok  404 ok  404
refuse tokens of open           api  L 404 403 403 422 404 422 404
refuse tokens of fort           html L 404 E   403 404 ok  ok  404
refuse tokens of fort           api  L 404 E   403 404 422 422 404
accept tokens of open           html L 404 403 403 ok  404 ok  404
accept tokens of open           api  L 404 403 403 ok  404 ok  404
view tokens of open             html L 404 403 403 ok  404 ok  404
view tokens of open             api  none
trail of open                   html L 404 403 403 ok  404 ok  404
trail of open                   api  none
trail of fort                   html L 404 E   403 404 ok  ok  404
trail of fort                   api  none
export trail of open            html L 404 403 403 ok  404 ok  404
export trail of open            api  none
list users of open              html L 404 403 403 ok  404 ok  404
list users of open              api  L 404 ok  ok  ok  404 ok  404
list users of fort              html L 404 E   403 404 ok  ok  404
list users of fort              api  L 404 E   ok  404 ok  ok  404
teams of open                   html none
teams of open                   api  L 404 ok  ok  ok  404 ok  404
teams of fort                   html none
teams of fort                   api  L 404 E   ok  404 ok  ok  404
invite to open                  html L 404 403 403 ok  404 ok  404
invite to open                  api  L 404 403 403 ok  404 ok  404
invite to fort                  html L 404 E   403 404 ok  ok  404
invite to fort                  api  L 404 E   403 404 ok  ok  404
check people for open           html L 404 403 403 ok  404 ok  404
check people for open           api  none
check people for fort           html L 404 E   403 404 ok  ok  404
check people for fort           api  none
send a list for open            html L 404 403 403 ok  404 ok  404
send a list for open            api  none
send a list for fort            html L 404 E   403 404 ok  ok  404
send a list for fort            api  none
watch a list of open            html L 404 403 403 ok  404 ok  404
watch a list of open            api  none
watch a list of fort            html L 404 E   403 404 ok  ok  404
watch a list of fort            api  none
stop a list of open             html L 404 403 403 ok  404 ok  404
stop a list of open             api  none
stop a list of fort             html L 404 E   403 404 ok  ok  404
stop a list of fort             api  none
try a list of open              html L 404 403 403 ok  404 ok  404
try a list of open              api  none
try a list of fort              html L 404 E   403 404 ok  ok  404
try a list of fort              api  none
make mia owner of fort          html L 404 E   403 404 422 422 404
make mia owner of fort          api  L 404 E   403 404 422 422 404
make max owner of open          html L 404 403 403 ok  404 ok  404
make max owner of open          api  L 404 403 403 ok  404 ok  404
unmake una owner of open        html L 404 403 403 ok  404 ok  404
unmake una owner of open        api  L 404 403 403 ok  404 ok  404
remove max from open            html L 404 403 403 ok  404 ok  404
remove max from open            api  L 404 403 ok  ok  404 ok  404
remove max from fort            html L 404 E   403 404 ok  ok  404
remove max from fort            api  L 404 E   ok  404 ok  ok  404
delete open                     html L 404 403 403 ok  404 ok  404
delete open                     api  L 404 403 403 ok  404 ok  404
delete fort                     html L 404 E   403 404 ok  ok  404
delete fort                     api  L 404 E   403 404 ok  ok  404
leave open                      html L 404 ok  ok  ok  404 422 404
leave open                      api  L 404 ok  ok  403 404 403 404
leave fort                      html L 404 ok  ok  404 ok  422 404
leave fort                      api  L 404 ok  ok  404 403 403 404
token of open                   html L 404 403 403 ok  404 ok  404
token of open                   api  L 404 403 403 ok  404 ok  404
token of fort                   html L 404 E   403 404 ok  ok  404
token of fort                   api  L 404 E   403 404 ok  ok  404
look at max                     html none
look at max                     api  L 404 ok  ok  ok  ok  ok  404
token for max                   html none
token for max                   api  L 404 404 ok  404 404 404 404
reset max                       html none
reset max                       api  L 404 404 404 404 404 404 ok
own account                     html none
own account                     api  L ok  ok  ok  ok  ok  ok  ok
"""

# What the rows without a page are instead: `reset` is in the admin site (tests/admin), `own account` below,
# and the others are of the API alone. max, who removes himself over the API, leaves; there, owners first
# leave the team.
ROWS = [
    (line[:32].strip(), line[32:37].strip(), dict(zip(ACTORS, line[37:].split(), strict=True)))
    for line in MATRIX.strip().splitlines()
    if line.split()[-1] != "none"
]
IDS = [f"{action}-{door}" for action, door, _row in ROWS]
DENIED = {"L", "404", "403", "E"}
CELLS = [
    (action, door, actor, expected)
    for action, door, row in ROWS
    for actor, expected in row.items()
    if expected not in DENIED
]


def who(stage, door, actor):
    """The browser or the program of somebody."""
    if door == "html":
        return stage.browser(actor)
    return ApiClient() if actor == "anonymous" else api_client(stage.people[actor])


def act(stage, client, action, door="html", actor=None):
    return act_on_pages(stage, client, action) if door == "html" else call(stage, client, action, actor)


def act_on_pages(stage, browser, action):
    """Carry out an action of the matrix: its first word says which, and "open" or "fort" where."""
    name = "fort" if "fort" in action else "open"
    settings = f"/app/{name}/settings"
    verb, target, *_ = action.split()
    personal = f"{settings}/authentication-tokens/personal"
    if action.startswith("view tokens"):
        return browser.get(personal)
    if verb in LISTS:
        return act_on_list(stage, browser, name, verb)
    pages = {
        "trail": f"{settings}/audit-trail",
        "view": f"/app/{name}",
        "authentication": f"{settings}/authentication",
        "list": f"{settings}/users",
        "missing": f"{settings}/authentication/rehearsal",
    }
    if verb in pages:
        return browser.get(pages[verb])
    forms = {
        "missing-file": (f"{settings}/authentication/rehearsal/export", {"methods": "app"}),
        "file": (f"{settings}/audit-trail/export", {"format": "csv"}),
        "require": (f"{settings}/authentication/require-two-factor", {}),
        "lift": (f"{settings}/authentication/disable-two-factor", {}),
        "date": (f"{settings}/authentication/schedule", {"methods": "app", "date": A_DATE, "hour": "9"}),
        "withdraw": (f"{settings}/authentication/withdraw", {}),
        "remind": (f"{settings}/authentication/remind", {}),
        "export": (f"{settings}/authentication/evidence", {"format": "csv"}),
        "limit": (f"{settings}/authentication/user-sessions", {"session_timeout": "60"}),
        "change": (f"{settings}/general", {"email": "new@open.example"}),
        "invite": (f"{settings}/users/add", {"username": "eve"}),
        "delete": (f"{settings}/general/delete", {"name": name}),
        "leave": (f"/app/{name}/leave", {}),
        "token": (f"{settings}/authentication-tokens/organization/create", {"expires": "30"}),
        "refuse": (f"{personal}/disable", {}),
        "accept": (f"{personal}/enable", {}),
    }
    if verb not in forms:
        row = f"{settings}/users/{membership_of(stage.people[target], name).pk}"
        forms |= {
            "make": (f"{row}/make-owner", {}),
            "unmake": (f"{row}/unmake-owner", {}),
            "remove": (f"{row}/remove", {}),
        }
    return browser.post(*forms[verb])


LISTS = {"check", "send", "watch", "stop", "try"}


def act_on_list(stage, browser, name, verb):
    """The same with a list of people to invite, and with one that an owner has started."""
    invite = f"/app/{name}/settings/users/invite"
    if verb == "check":
        return browser.post(f"{invite}/preview", {"people": "eve"})
    if verb == "send":
        return browser.post(f"{invite}/batches", {"people": "1\teve", "key": "e" * 32})
    state = "stopped" if verb == "try" else "running"
    started = InvitationBatch.objects.filter(organization__name=name).first()
    started = started or list_of_invitations(stage.olga, name, state)
    batch = f"{invite}/batches/{started.pk}"
    if verb == "watch":
        return browser.get(batch)
    return browser.post(f"{batch}/stop" if verb == "stop" else f"{batch}/try-again")


def call(stage, client, action, actor):
    """The same over the API."""
    name = "fort" if "fort" in action else "open"
    verb, target, *_ = action.split()
    place, user = f"/organizations/{name}", f"/users/user-{stage.max.pk:016}"
    if verb in CHANGES:
        return client.patch(place, document("organizations", **CHANGES[verb]))
    members = f"{place}/organization-memberships"
    requests = {
        "view": ("GET", place),
        "list": ("GET", members),
        "teams": ("GET", f"{place}/teams"),
        "invite": ("POST", members, document("organization-memberships", email="eve@example.com")),
        "delete": ("DELETE", place),
        "look": ("GET", user),
        "reset": ("POST", f"/admin{user}/actions/disable_two_factor"),
        "own": ("GET", "/account/details"),
        "leave": ("DELETE", membership_path(stage, actor, name)),
        "token": ("POST", f"{place}/authentication-token")
        if target == "of"
        else ("POST", f"{user}/authentication-tokens", document("authentication-tokens", description=OURS)),
    }
    if verb not in requests:
        team = f"/teams/team-{Organization.objects.get(name=name).pk:016}/relationships/users"
        people = {"data": [{"type": "users", "id": target}]}
        requests |= {
            "make": ("POST", team, people),
            "unmake": ("DELETE", team, people),
            "remove": ("DELETE", membership_path(stage, target, name)),
        }
    return client.send(*requests[verb])


OURS = "of the matrix"
A_DATE = (timezone.now() + timedelta(days=10)).date().isoformat()
CHANGES = {
    "require": {"collaborator_auth_policy": "two_factor_mandatory"},
    "lift": {"collaborator_auth_policy": "password"},
    "limit": {"session_timeout": 60},
    "change": {"email": "new@open.example"},
    "refuse": {"user_tokens_enabled": False},
    "accept": {"user_tokens_enabled": True},
    "pretend": {
        "two_factor_conformant": True,
        "created_at": "2001-01-01T00:00:00.000Z",
        "permissions": {"can-destroy": True},
        "external_id": "org-1",
        "id": "fort",
    },
}


def membership_path(stage, name, organization):
    """Of somebody; of max for who has none there."""
    own = Membership.objects.filter(organization__name=organization, user=stage.people.get(name))
    membership = own.first() if name != "anonymous" else None
    return f"/organization-memberships/ou-{(membership or membership_of(stage.max, organization)).pk:016}"


def answer_of(response):
    """One word of the matrix."""
    target = response.get("Location", "")
    if target.startswith("/session?") or response.status_code == 401:
        return "L"
    if "/locked-out" in target or is_about_two_factor(response):
        return "E"
    return "ok" if response.status_code in (200, 201, 204, 302) else str(response.status_code)


def is_about_two_factor(response):
    if response.status_code != 403 or response["Content-Type"] != MEDIA_TYPE:
        return False
    [error] = response.json()["errors"]
    return error["title"] == "two-factor required" and "/app/settings/two-factor?next=" in error["detail"]


def everything():
    """All that an action may change."""
    organizations = Organization.objects.order_by("pk").values_list(
        "name",
        "email",
        "collaborator_auth_policy",
        "session_timeout",
        "session_remember",
        "user_tokens_enabled",
        "required_from",
        "all_reminded_at",
    )
    memberships = Membership.objects.order_by("pk").values_list(
        "organization", "user", "email", "is_owner", "status"
    )
    tokens = OrganizationToken.objects.order_by("pk").values_list("pk", "organization", "kind")
    made = ApiToken.objects.filter(description=OURS).values_list("owner")
    people = User.objects.order_by("pk").values_list("username", "email", "two_factor_enabled_at")
    lists = AuditEvent.objects.filter(event__startswith="organization.invitations_").count()
    return [*organizations, *memberships, *tokens, *made, *people, lists]


def make_last_owner(stage, actor, name):
    """In the rows about leaving, olga is the last owner."""
    others = Membership.objects.owners().filter(organization__name=name).exclude(user=stage.people[actor])
    others.update(is_owner=False)


@pytest.mark.parametrize(("action", "door", "row"), ROWS, ids=IDS)
def test_matrix_denies(stage, action, door, row):
    before = everything()

    for actor in [actor for actor, expected in row.items() if expected in DENIED]:
        assert answer_of(act(stage, who(stage, door, actor), action, door, actor)) == row[actor], actor

    assert everything() == before


@pytest.mark.parametrize(
    ("action", "door", "actor", "expected"), CELLS, ids=[f"{a}-{b}-{c}" for a, b, c, _ in CELLS]
)
def test_matrix_allows_or_refuses_by_rule(stage, action, door, actor, expected):
    if action.startswith("leave") and expected == "422":
        make_last_owner(stage, actor, action.split()[1])
    before = everything()

    response = act(stage, who(stage, door, actor), action, door, actor)

    assert answer_of(response) == expected
    if expected != "ok" or action.split()[0] in CHANGES_NOTHING:
        assert everything() == before
    elif not action.startswith("require"):  # which fort does already
        assert everything() != before


CHANGES_NOTHING = {
    "view",
    "authentication",
    "list",
    "teams",
    "look",
    "own",
    "accept",
    "missing",
    "missing-file",
    "withdraw",  # there is no date
    "export",
    "check",
    "watch",
    "trail",
    "file",
}


@pytest.mark.parametrize("door", ["html", "api"])
def test_require_when_all_owners_have_it(stage, door):
    stage.enrol("una")

    for actor in ["anonymous", "eve", "mia", "max", "root"]:
        act(stage, who(stage, door, actor), "require in open", door, actor)
        assert not is_mandatory("open"), actor
    act(stage, who(stage, door, "olga"), "require in open", door, "olga")

    assert is_mandatory("open")


@pytest.mark.parametrize("actor", ["mia", "max"])
def test_members_see_names_only(stage, actor):
    page = text_of(stage.browser(actor).get("/app/open"))

    assert "una" in page
    assert "2FA" not in page


def test_owners_see_who_has_two_factor(stage):
    page = stage.browser("una").get("/app/open").content.decode()

    assert page.count("No 2FA") == 2
    assert "Two-factor authentication is enabled" in page


@pytest.mark.parametrize("actor", ["mia", "max"])
def test_members_see_names_only_over_the_api(stage, actor):
    """Each other's; their own state is their own business."""
    program = api_client(stage.people[actor])
    listed = program.get("/organizations/open/organization-memberships?include=user").json()
    shown = program.get(f"/users/user-{stage.una.pk:016}").json()

    for una in [shown["data"], next(one for one in listed["included"] if "una" in str(one))]:
        assert una["attributes"]["username"] == "una"
        assert not {"email", "two-factor", "unconfirmed-email"} & set(una["attributes"])
    assert "una@example.com" not in str(listed)


def test_owners_see_who_has_two_factor_over_the_api(stage):
    answer = api_client(stage.una).get("/organizations/open/organization-memberships?include=user").json()

    states = {
        one["attributes"]["username"]: one["attributes"]["two-factor"]["enabled"]
        for one in answer["included"]
        if one["type"] == "users"
    }
    assert states == {"olga": True, "una": False, "mia": False, "max": True}


@pytest.mark.parametrize("actor", ["eve", "mia", "max", "una", "olga", "root"])
def test_own_pages_are_open_to_everybody(stage, actor):
    browser = stage.browser(actor)

    assert browser.get("/app/settings/organizations").status_code == 200
    assert browser.get("/app/settings/two-factor").status_code == 200
    assert browser.get("/app").status_code == 200


@pytest.mark.parametrize("actor", ["eve", "mia", "max", "una", "olga"])
def test_the_admin_site_is_for_site_admins(stage, actor):
    response = stage.browser(actor).get("/admin/")

    assert response.status_code == 403
    assert stage.browser("root").get("/admin/").status_code == 200
