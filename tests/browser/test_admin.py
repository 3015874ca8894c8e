"""The admin site: nothing for axe-core to find in either colour scheme, and nothing wider than the page."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts.models import AuditEvent
from tests.browser.conftest import Person
from tests.support import people
from tests.support.organizations import found

pytestmark = pytest.mark.browser

LOOKS = {
    "light, wide": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark, wide": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "light, 390 px": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "dark, 390 px": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
LONG = "a-name-of-forty-characters-which-is-long"
LISTS = {
    "users": "/admin/accounts/user/",
    "events": "/admin/accounts/auditevent/",
    "invitations": "/admin/accounts/siteinvitation/",
    "organizations": "/admin/organizations/organization/",
    "memberships": "/admin/organizations/membership/",
    "pauses": "/admin/factor_sms/destination/",
}
TOO_WIDE = """() => [
    document.documentElement.scrollWidth - window.innerWidth,
    ...[...document.querySelectorAll('.results')].map(table => table.scrollWidth - table.clientWidth),
]"""


@pytest.fixture
def root(live_site, browser, request, transactional_db):
    context = browser.new_context(base_url=live_site.url, reduced_motion="reduce", **request.param)
    context.set_default_timeout(60_000)
    person = Person(people.make_user("root", is_staff=True, is_superuser=True), context.new_page())
    person.sign_in()
    person.enrol()
    yield person
    context.close()


looks = pytest.mark.parametrize("root", LOOKS.values(), ids=LOOKS.keys(), indirect=True)


def scene():
    owner = people.make_user(LONG, email=f"{LONG}@department.example.com")
    return owner, found(LONG, owner)


def pages(person, organization):
    member = organization.memberships.get()
    event = AuditEvent.objects.filter(user_id=person.pk).latest("pk")
    user = f"{LISTS['users']}{person.pk}"
    yield from ["/admin/", *LISTS.values(), f"{LISTS['users']}?q=nobody", f"{LISTS['users']}add/"]
    yield f"{LISTS['invitations']}invite/"
    yield from (f"{user}/{name}/" for name in ("change", "history", "sessions", "tokens", "delete"))
    yield from (f"{user}/act/{name}/" for name in ("deactivate", "rights"))
    yield from [f"{LISTS['pauses']}pause/", f"{LISTS['events']}{event.pk}/change/"]
    yield from [f"{LISTS['organizations']}{organization.pk}/change/"]
    yield from [f"{LISTS['memberships']}{member.pk}/change/", f"{LISTS['users']}99999/change/"]


def look_at(root):
    found = Axe().run(root.page, options={"resultTypes": ["violations"]})
    beyond, *tables = root.page.evaluate(TOO_WIDE)
    problems = [found.generate_report()] if found.violations_count else []
    if beyond > 0:
        problems.append(f"{beyond} px too wide")
    if root.page.viewport_size["width"] >= 1280 and any(table > 0 for table in tables):
        problems.append(f"a table hides columns: {tables}")
    return f"{root.page.url}: {problems}" if problems else ""


@looks
def test_the_pages_of_the_admin_site(root):
    problems = []
    for path in pages(*scene()):
        root.goto(path)
        problems.append(look_at(root))
    root.goto(LISTS["users"])
    root.page.locator(".filter summary").first.click()
    problems.append(look_at(root))
    root.page.locator(".theme-toggle").click()  # to the other scheme than the system's
    problems.append(look_at(root))

    assert [problem for problem in problems if problem] == []


@pytest.mark.parametrize("root", [LOOKS["dark, 390 px"]], ids=["dark"], indirect=True)
def test_a_mistake_is_said_at_its_field_and_the_confirmation_is_dangerous(root):
    person, _organization = scene()
    root.goto(f"{LISTS['users']}{person.pk}/change/")
    root.page.get_by_role("link", name="Deactivate", exact=True).click()
    root.click("Deactivate")

    assert look_at(root) == ""
    assert "Nothing has changed." in root.text
    assert "Say why." in root.text
    assert root.page.evaluate("document.activeElement.name") == "reason"
    root.page.fill("[name=reason]", "has left")
    root.page.fill("[name^=without_successor]", "nobody else is left")
    root.click("Deactivate")
    assert f"The account {LONG} is deactivated." in root.text
    assert look_at(root) == ""
