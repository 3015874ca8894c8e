"""The page "Users": the dialog that invites and the menus of rows, with a keyboard and without JavaScript."""

import pytest

from tests.support.organizations import found

pytestmark = pytest.mark.browser
USERS = "/app/acme/settings/users"


@pytest.fixture
def owner(open_browser, alice, bob):
    found("acme", alice, members=[bob])
    person = open_browser(alice)
    person.sign_in()
    person.goto(USERS)
    return person


def test_the_row_menu_leads_to_the_page_that_asks(owner):
    row = owner.page.locator("tr", has_text="bob@example.com")
    row.locator("summary").click()
    row.get_by_role("link", name="Remove bob").click()

    assert owner.page.locator("h1").inner_text() == "Remove bob"
    owner.click("Cancel", role="link")
    assert owner.path == USERS


def test_somebody_is_invited_and_a_mistake_keeps_what_was_typed(owner):
    owner.click("Invite a user", role="link")
    owner.page.locator("[name=username]:visible").fill("nobody at all")
    owner.click("Invite user")

    field = owner.page.locator("main [name=username]:visible")
    assert field.input_value() == "nobody at all"
    field.fill("new@example.com")
    owner.click("Invite user")
    assert "You invited new@example.com" in owner.text


@pytest.mark.parametrize("kind", [{"viewport": {"width": 1280, "height": 850}}], ids=["keyboard"])
def test_the_dialog_takes_the_focus_and_gives_it_back(owner):
    link = owner.page.get_by_role("link", name="Invite a user")
    link.focus()
    owner.page.keyboard.press("Enter")

    assert owner.page.evaluate("document.activeElement.name") == "username"
    owner.page.keyboard.press("Escape")
    assert not owner.page.locator("dialog").is_visible()
    assert link.evaluate("element => element === document.activeElement")
    assert owner.path == USERS
