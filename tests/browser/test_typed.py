"""What people type and paste, in a real browser, which reads some fields before the site does."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.accounts.typed.test_names import ADDRESS, ADDRESSES
from tests.support import people
from tests.support.organizations import found

pytestmark = pytest.mark.browser

BEHIND_THE_SIGN_IN = ["/app/settings/profile", "/app/organizations/new", "/app/acme/settings/general"]
PASTED = "Dora Example <dora@bücher.example>, "


def test_pf2_browsers_take_an_address_as_people_paste_it(page, live_site):
    page.goto(f"{live_site.url}/account/new")
    field = page.get_by_label("Email address")

    for spelling in [ADDRESS, PASTED, *ADDRESSES.values()]:
        field.fill(spelling)
        assert field.evaluate("field => field.validationMessage") == "", spelling

    field.fill(PASTED)
    page.get_by_label("Username").fill("dora")
    page.get_by_label("Password", exact=True).fill(people.PASSWORD)
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_text("We have sent an email to")).to_be_visible()
    assert User.objects.get(username="dora").email == "dora@xn--bcher-kva.example"


def test_pf2_browsers_take_a_pasted_address_everywhere(open_browser, alice):
    found("acme", alice)
    person = open_browser(alice)
    refusals = {}

    for path in ["/account/password/forgot", *BEHIND_THE_SIGN_IN]:
        if path == BEHIND_THE_SIGN_IN[0]:
            person.sign_in(path)
            person.page.wait_for_url(f"**{path}")
        person.goto(path)
        field = person.page.locator("[name=email]")
        field.fill(PASTED)
        refusals[path] = field.evaluate("field => field.validationMessage")

    assert set(refusals.values()) == {""}, refusals


def test_the_cursor_goes_to_the_first_mistake(page, live_site):
    page.goto(f"{live_site.url}/account/new")
    page.get_by_label("Username").fill("zoë")
    page.get_by_label("Email address").fill("nobody")
    page.get_by_label("Password", exact=True).fill(people.PASSWORD)
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_text("Enter an email address such as name@example.com.")).to_be_visible()
    expect(page.get_by_label("Username")).to_be_focused()
