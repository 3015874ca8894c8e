"""Nothing for axe-core to find on any page, nothing wider than the screen, and focus is always visible."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import SETTINGS, Person
from tests.support import people

pytestmark = pytest.mark.browser

LOOKS = {
    "light, wide": {"viewport": {"width": 1372, "height": 889}, "color_scheme": "light"},
    "dark, 360 px": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}
TOKENS = "/app/settings/tokens"
API_TOKENS = "/settings/authentication-tokens"
ANONYMOUS = [
    "/session",
    "/account/new",
    "/account/password/forgot",
    "/docs",
    "/docs/two-factor",
    "/docs/api",
    "/nowhere",
]
SIGNED_IN = [
    "/app",
    "/app/organizations/new",
    "/app/settings/profile",
    "/app/settings/profile/delete",
    "/app/settings/profile/time-zone",
    "/app/settings/sessions",
    "/app/settings/organizations",
    "/app/settings/password",
    SETTINGS,
    TOKENS,
    f"{TOKENS}?source=terraform-login",
    "/app/settings/activity",
    "/account/confirm",
]
OWNED = [
    "",
    "/settings/general",
    "/settings/general/delete",
    "/settings/users",
    "/settings/users?status=invited",
    "/settings/users/invite",
    "/settings/authentication",
    "/settings/authentication/require-two-factor",
    API_TOKENS,
]
LONG_NAME = "a-name-of-forty-characters-which-is-long"


@pytest.fixture(params=LOOKS.values(), ids=LOOKS.keys())
def look(request):
    return request.param


@pytest.fixture
def person(live_site, browser, look, transactional_db):
    context = browser.new_context(base_url=live_site.url, **look)
    context.set_default_timeout(60_000)
    yield Person(people.make_user("somebody-with-a-really-long-user-name-40"), context.new_page())
    context.close()


def look_at(person, path=None):
    """Go there and return what is wrong with the page, as one text."""
    if path is not None:
        person.goto(path)
    found = Axe().run(person.page, options={"resultTypes": ["violations"]})
    width = person.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    problems = [found.generate_report()] if found.violations_count else []
    if width > 0:
        problems.append(f"{width} px too wide")
    return f"{person.page.url}: {problems}" if problems else ""


def test_pages_for_everybody(person):
    assert [problem for path in ANONYMOUS if (problem := look_at(person, path))] == []


def test_pages_of_an_account(person):
    person.sign_in()

    assert [problem for path in SIGNED_IN if (problem := look_at(person, path))] == []


def test_pages_of_two_factor_authentication(person):
    person.sign_in()
    person.goto(SETTINGS)
    person.choose_application()
    problems = [look_at(person)]
    person.enter_code("000000")
    problems.append(look_at(person))
    person.confirm_application()
    problems.append(look_at(person))
    problems += [look_at(person, path) for path in (SETTINGS, f"{SETTINGS}/disable")]
    person.goto(SETTINGS)
    person.click("Reveal codes")
    problems.append(look_at(person))
    person.page.context.clear_cookies()
    person.sign_in()
    problems += [look_at(person), look_at(person, "/session/two-factor-recovery")]

    assert [problem for problem in problems if problem] == []


def test_pages_of_an_organization(person):
    person.sign_in()
    person.goto("/app/organizations/new")
    person.page.fill("[name=name]", LONG_NAME)
    person.click("Create organization")

    paths = [f"/app/{LONG_NAME}{path}" for path in OWNED]
    assert [problem for path in paths if (problem := look_at(person, path))] == []


def test_pages_of_tokens(person):
    person.sign_in()
    person.goto(TOKENS)
    person.page.fill("[name=description]", "w" * 200)
    person.click("Generate token")
    problems = [look_at(person), look_at(person, TOKENS)]
    person.enrol()
    person.goto(TOKENS)  # where the token is marked by now
    person.page.locator("summary.button-danger").click()
    problems.append(look_at(person))
    person.goto("/app/organizations/new")
    person.page.fill("[name=name]", LONG_NAME)
    person.click("Create organization")
    person.goto(f"/app/{LONG_NAME}{API_TOKENS}")
    person.click("Create token")
    problems.append(look_at(person))
    person.goto(f"/app/{LONG_NAME}{API_TOKENS}")
    for summary in person.page.locator("main summary").all():
        summary.click()
    problems.append(look_at(person))

    assert [problem for problem in problems if problem] == []


@pytest.mark.parametrize("path", ["/session", "/app", SETTINGS, TOKENS])
def test_focus_is_always_visible(person, path):
    if path != "/session":
        person.sign_in()
    person.goto(path)
    hidden = []
    for _ in range(25):
        person.page.keyboard.press("Tab")
        style = person.page.evaluate(
            """() => {
                const element = document.activeElement;
                if (element === document.body) return "end";
                const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
                const shown = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
                return shown ? "" : element.outerHTML.slice(0, 100);
            }"""
        )
        if style == "end":
            break
        hidden.append(style)

    assert [element for element in hidden if element] == []
    assert len(hidden) >= 3
