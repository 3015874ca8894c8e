"""The authorization matrix of security.md 2.6, as the design decides it (D34): every row and actor, HTML."""

import pytest

from organizations.models import Membership, Organization
from tests.organizations.stage import is_mandatory, membership_of

ACTORS = ["anonymous", "eve", "mia", "max", "una", "oscar", "olga", "root"]

# L: to sign in. E: to the page that tells how to enrol. 422: refused by a rule. ok: done or shown.
# una is no member of fort, and oscar none of open. mia has no two-factor, nor has una.
MATRIX = """
view open                       L 404 ok  ok  ok  404 ok  404
view fort                       L 404 E   ok  404 ok  ok  404
authentication page of open     L 404 ok  ok  ok  404 ok  404
authentication page of fort     L 404 E   ok  404 ok  ok  404
require in open                 L 404 403 403 422 404 422 404
require in fort                 L 404 E   403 404 ok  ok  404
lift in fort                    L 404 E   403 404 ok  ok  404
change contact of open          L 404 403 403 ok  404 ok  404
limit sessions in open          L 404 403 403 ok  404 ok  404
limit sessions in fort          L 404 E   403 404 ok  ok  404
list users of open              L 404 403 403 ok  404 ok  404
list users of fort              L 404 E   403 404 ok  ok  404
invite to open                  L 404 403 403 ok  404 ok  404
invite to fort                  L 404 E   403 404 ok  ok  404
make mia owner of fort          L 404 E   403 404 422 422 404
make max owner of open          L 404 403 403 ok  404 ok  404
remove max from open            L 404 403 403 ok  404 ok  404
remove max from fort            L 404 E   403 404 ok  ok  404
delete open                     L 404 403 403 ok  404 ok  404
delete fort                     L 404 E   403 404 ok  ok  404
leave open                      L 404 ok  ok  ok  404 422 404
leave fort                      L 404 ok  ok  404 ok  422 404
"""

ROWS = [
    (line[:31].strip(), dict(zip(ACTORS, line[31:].split(), strict=True)))
    for line in MATRIX.strip().splitlines()
]
DENIED = {"L", "404", "403", "E"}
CELLS = [
    (action, actor, expected)
    for action, row in ROWS
    for actor, expected in row.items()
    if expected not in DENIED
]


def act(stage, browser, action):
    """Carry out an action of the matrix: its first word says which, and "open" or "fort" where."""
    name = "fort" if "fort" in action else "open"
    settings = f"/app/{name}/settings"
    verb, target, *_ = action.split()
    pages = {
        "view": f"/app/{name}",
        "authentication": f"{settings}/authentication",
        "list": f"{settings}/users",
    }
    if verb in pages:
        return browser.get(pages[verb])
    forms = {
        "require": (f"{settings}/authentication/require-two-factor", {}),
        "lift": (f"{settings}/authentication/disable-two-factor", {}),
        "limit": (f"{settings}/authentication/user-sessions", {"session_timeout": "60"}),
        "change": (f"{settings}/general", {"email": "new@open.example"}),
        "invite": (f"{settings}/users/add", {"username": "eve"}),
        "delete": (f"{settings}/general/delete", {"name": name}),
        "leave": (f"/app/{name}/leave", {}),
    }
    if verb not in forms:
        row = f"{settings}/users/{membership_of(stage.people[target], name).pk}"
        forms |= {"make": (f"{row}/make-owner", {}), "remove": (f"{row}/remove", {})}
    return browser.post(*forms[verb])


def answer_of(response):
    """One word of the matrix."""
    target = response.get("Location", "")
    if target.startswith("/session?"):
        return "L"
    if "/locked-out" in target:
        return "E"
    return "ok" if response.status_code in (200, 302) else str(response.status_code)


def everything():
    """All that an action may change."""
    organizations = Organization.objects.order_by("pk").values_list(
        "name", "email", "collaborator_auth_policy", "session_timeout", "session_remember"
    )
    memberships = Membership.objects.order_by("pk").values_list(
        "organization", "user", "email", "is_owner", "status"
    )
    return [*organizations, *memberships]


def make_last_owner(stage, actor, name):
    """In the rows about leaving, olga is the last owner."""
    others = Membership.objects.owners().filter(organization__name=name).exclude(user=stage.people[actor])
    others.update(is_owner=False)


@pytest.mark.parametrize(("action", "row"), ROWS, ids=[action for action, _row in ROWS])
def test_matrix_denies(stage, action, row):
    before = everything()

    for actor in [actor for actor, expected in row.items() if expected in DENIED]:
        assert answer_of(act(stage, stage.browser(actor), action)) == row[actor], actor

    assert everything() == before


@pytest.mark.parametrize(("action", "actor", "expected"), CELLS, ids=[f"{a}-{b}" for a, b, _ in CELLS])
def test_matrix_allows_or_refuses_by_rule(stage, action, actor, expected):
    if action.startswith("leave") and expected == "422":
        make_last_owner(stage, actor, action.split()[1])
    before = everything()

    response = act(stage, stage.browser(actor), action)

    assert answer_of(response) == expected
    assert expected == "ok" or everything() == before


def test_require_when_all_owners_have_it(stage):
    stage.enrol("una")

    for actor in ["anonymous", "eve", "mia", "max", "root"]:
        act(stage, stage.browser(actor), "require in open")
        assert not is_mandatory("open"), actor
    act(stage, stage.browser("olga"), "require in open")

    assert is_mandatory("open")


@pytest.mark.parametrize("actor", ["mia", "max"])
def test_members_see_names_only(stage, actor):
    page = stage.browser(actor).get("/app/open").content.decode()

    assert "una" in page
    assert "2FA" not in page


def test_owners_see_who_has_two_factor(stage):
    page = stage.browser("una").get("/app/open").content.decode()

    assert page.count("No 2FA") == 2
    assert "Two-factor authentication is enabled" in page


@pytest.mark.parametrize("actor", ["eve", "mia", "max", "una", "olga", "root"])
def test_own_pages_are_open_to_everybody(stage, actor):
    browser = stage.browser(actor)

    assert browser.get("/app/settings/organizations").status_code == 200
    assert browser.get("/app/settings/two-factor").status_code == 200
    assert browser.get("/app").status_code == 200


@pytest.mark.parametrize("actor", ["eve", "mia", "max", "una", "olga"])
def test_the_admin_site_is_for_site_admins(stage, actor):
    response = stage.browser(actor).get("/admin/")

    assert response.status_code in (302, 403, 404)
    assert stage.browser("root").get("/admin/").status_code == 200
