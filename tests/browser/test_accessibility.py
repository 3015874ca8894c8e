"""Nothing is wrong with any page in any state, for axe and by our own rules (tests/browser/looking.py)."""

import gzip

import pytest

from tests.browser import looking
from tests.support.environment import ROOT
from tests.support.scenes import (
    ACCOUNT,
    ADMIN,
    ENTRANCE,
    IN_PLACE,
    ORGANIZATIONS,
    errors,
    inboxes,
    letters,
)
from tests.support.theatre import Theatre

pytestmark = pytest.mark.browser

PARTS = {
    "entrance": ENTRANCE,
    "account": ACCOUNT,
    "organizations": ORGANIZATIONS,
    "errors": [*IN_PLACE, *errors(), *inboxes()],
}
MOST_OF_STYLE_AND_SCRIPTS = 12_000  # bytes, gzipped
# What pages weighed before they were made anew (November 2026), in bytes of HTML; each may have 3,000 more.
# Those of a person with 24 organizations have 4,500 added, for 12 more in the menu and its search. The rows
# of "users, many" have 1,700 besides: each names its organization, of forty characters now, four times; and
# 1,300 for marks and filters of methods, and reminders. The page Authentication has 600 for the progress, and
# 1,100 for the choice of methods and the evidence.
WEIGHT = {
    "sign-in": 2176,
    "start, nothing there": 3946,
    "two-factor, off": 6125,
    "two-factor, on": 17233,
    "profile": 15326,
    "sessions, one": 6114,
    "sessions, many": 26831,
    "general": 15655,
    "users, few": 11338,
    "users, many": 38923,
    "authentication, off": 11020,
    "authentication, on": 20077,
    "organization tokens": 9904,
    "activity": 22529,
}


@pytest.fixture
def theatre(live_site, browser):
    """What opens scenes; its people do not see anything move."""
    theatre = Theatre(browser, live_site, reduced_motion="reduce")
    yield theatre
    theatre.close()


def problems_of(theatre, scenes):
    return [
        f"{scene.name}: {problem}" for scene in scenes for problem in looking.look_at(theatre.open(scene))
    ]


@pytest.mark.parametrize("scenes", PARTS.values(), ids=PARTS.keys())
def test_every_page_in_every_state(theatre, scenes):
    assert problems_of(theatre, scenes) == []


def test_every_page_of_the_admin_site(theatre):
    assert [f"{s.name}: {problem}" for s in ADMIN for problem in looking.look_by_axe(theatre.open(s))] == []


def test_every_mail(theatre):
    # In light alone: axe takes the ground that a reader of mails paints for white.
    looks = [(width, "light") for width, _ in looking.LOOKS]
    found = [
        f"{s.name}: {problem}" for s in letters() for problem in looking.look_by_axe(theatre.open(s), looks)
    ]

    assert found == []


def test_escape_closes_a_menu_and_gives_the_focus_back(theatre):
    [scene] = [scene for scene in ACCOUNT if scene.name == "menu, user"]
    page = theatre.open(scene)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.menu-panel') !== null")
    page.keyboard.press("Escape")

    assert page.locator("details.menu[open]").count() == 0
    assert page.evaluate("document.activeElement.matches('.menu > summary')")


def test_the_side_navigation_is_one_control_on_a_phone_and_a_list_beside_a_wide_page(theatre):
    [scene] = [scene for scene in ACCOUNT if scene.name == "profile"]
    page = theatre.open(scene)
    link, control = page.locator(".side-nav a").first, page.locator(".side-nav summary")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert (link.is_visible(), control.is_visible()) == (True, False)
    page.set_viewport_size({"width": 390, "height": 800})
    assert (link.is_visible(), control.is_visible()) == (False, True)
    control.click()

    assert link.is_visible()


def test_pages_stay_light(theatre):
    scenes = {scene.name: scene for scenes in PARTS.values() for scene in scenes}
    weights = {
        name: len(
            theatre.open(scenes[name]).request.get(scenes[name].path.format(**theatre.cast.places)).body()
        )
        for name in WEIGHT
    }

    assert {name: size for name, size in weights.items() if size > WEIGHT[name] + 3_000} == {}


def test_style_and_scripts_stay_light():
    sources = [ROOT / "static" / "css" / "app.css", *sorted((ROOT / "static" / "js").glob("*.js"))]

    assert len(gzip.compress(b"".join(path.read_bytes() for path in sources))) <= MOST_OF_STYLE_AND_SCRIPTS
