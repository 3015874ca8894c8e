"""What people came for, in a real browser: with JavaScript, without it, and on a phone."""

import pytest

from tests.browser.conftest import SETTINGS, expire_sudo
from tests.support import people
from tests.support.people import make_user

pytestmark = pytest.mark.browser


@pytest.fixture
def alice_enrolled(open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    person.enrol()
    return person


def test_enrol_by_scanning_the_code_on_the_screen(open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    person.goto(SETTINGS)
    person.choose_application()

    key = person.scan()
    assert key == "".join(person.page.locator(".key").inner_text().split())
    person.page.reload()
    assert person.scan() == key

    person.confirm_application()
    assert len(person.codes) == 10
    person.click("I have kept them")
    assert "Application is configured" in person.text
    assert person.page.locator(".badge-success").inner_text().upper() == "ENABLED"


def test_log_in_with_a_code_typed_with_a_space(open_browser, alice, alice_enrolled):
    person = open_browser(alice)
    person.key = alice_enrolled.key
    person.sign_in(SETTINGS)
    assert person.path == "/session/two-factor"
    field = person.page.locator("[name=code]")
    assert field.get_attribute("autocomplete") == "one-time-code"
    assert field.get_attribute("inputmode") == "numeric"

    code = person.code()
    person.enter_code(f"{code[:3]} {code[3:]}")

    assert person.path == SETTINGS


def test_a_wrong_code_says_so_and_a_right_one_still_works(open_browser, alice, alice_enrolled):
    person = open_browser(alice)
    person.key = alice_enrolled.key
    person.sign_in()

    person.enter_code("000000" if person.code() != "000000" else "111111")
    assert "Invalid authentication code!" in person.text
    person.enter_code(person.code())

    assert person.path == "/app"


def test_a_recovery_code_works_once_and_not_twice(open_browser, alice, alice_enrolled):
    code = alice_enrolled.codes[0]
    for works in (True, False):
        person = open_browser(alice)
        person.sign_in()
        person.click("Use a recovery code", role="link")
        person.enter_code(code.lower())
        assert (person.path == "/app") is works, person.text


def test_codes_are_revealed_behind_sudo(open_browser, alice, alice_enrolled):
    person = open_browser(alice)
    person.key = alice_enrolled.key
    person.log_in()
    expire_sudo(alice)
    person.goto(SETTINGS)

    person.click("Reveal codes")
    assert person.path == "/session/sudo"
    assert "to reveal your backup codes" in person.text
    person.enter_code(person.code())
    assert person.path == SETTINGS
    assert "Nothing has been done yet: you can now reveal your backup codes." in person.text
    assert person.page.locator("#codes").count() == 0

    person.click("Reveal codes")
    assert set(person.page.locator("#codes").input_value().split()) == set(alice_enrolled.codes)
    person.click("Hide codes", role="link")
    assert person.page.locator("#codes").count() == 0


def test_the_app_is_replaced_in_place(open_browser, alice, alice_enrolled):
    person = alice_enrolled
    old = person.key
    person.goto(SETTINGS)
    person.page.locator("#replace").get_by_role("button", name="Replace").click()
    person.key = person.scan()
    assert person.key != old

    person.enter_code(person.code())

    assert "The old one no longer works" in person.text
    other = open_browser(alice)
    other.key = person.key
    other.log_in()


def test_disable_takes_the_password_and_the_codes_are_gone(open_browser, alice, alice_enrolled):
    person = alice_enrolled
    person.goto(SETTINGS)
    person.click("Disable 2FA", role="link")

    person.page.fill("[name=password]", people.PASSWORD)
    person.page.locator("main form").get_by_role("button").last.click()

    assert person.path == SETTINGS
    assert "is now disabled" in person.text
    other = open_browser(alice)
    other.sign_in()
    assert other.path == "/app"


@pytest.fixture
def acme(open_browser, alice, bob):
    """alice owns acme, and bob is in it; alice has two-factor. Returns her browser and his."""
    owner = open_browser(alice)
    owner.sign_in()
    owner.goto("/app/organizations/new")
    owner.page.fill("[name=name]", "acme")
    owner.click("Create organization")
    owner.goto("/app/acme/settings/users")
    owner.click("Invite a user", role="link")
    owner.page.locator("[name=username]:visible").fill("bob")
    owner.click("Invite user")
    member = open_browser(bob)
    member.sign_in()
    member.goto("/app/settings/organizations")
    member.page.get_by_role("button", name="Accept").click()
    return owner, member


def test_requiring_waits_for_every_owner(acme):
    owner, member = acme
    owner.goto("/app/acme/settings/users")
    row = owner.page.locator("tr", has_text="bob")
    row.locator("summary").click()
    row.get_by_role("link", name="Make owner").click()
    owner.click("Make bob an owner")
    owner.enrol()
    owner.goto("/app/acme/settings/authentication")

    button = owner.page.get_by_role("button", name="Require two-factor")
    assert button.is_disabled()
    assert "bob" in owner.page.locator("main").inner_text()

    member.enrol()
    owner.page.reload()
    assert owner.page.get_by_role("button", name="Require two-factor").is_enabled()


def test_a_locked_out_member_enrols_and_is_back_where_he_wanted_to_go(acme):
    owner, member = acme
    owner.enrol()
    owner.goto("/app/acme/settings/authentication")
    owner.click("Require two-factor")
    owner.page.wait_for_url("**/require-two-factor**")
    assert "1 of 2 members will be locked out" in owner.text
    owner.click("Require two-factor")
    owner.page.get_by_role("button", name="Disable two-factor").wait_for()

    member.goto("/app/acme/settings/authentication")
    assert member.path == "/app/acme/locked-out"
    member.page.locator("main").get_by_role("link", name="Set up two-factor authentication").click()
    member.choose_application()
    member.confirm_application()
    member.click("I have kept them")

    assert member.path == "/app/acme/settings/authentication"
    assert member.page.locator("h1").inner_text() == "Authentication"


def test_leaving_is_possible_while_locked_out(acme):
    owner, member = acme
    owner.enrol()
    owner.goto("/app/acme/settings/authentication")
    owner.click("Require two-factor")
    owner.page.wait_for_url("**/require-two-factor**")
    assert "1 of 2 members will be locked out" in owner.text
    owner.click("Require two-factor")
    member.goto("/app/acme")

    member.click("Leave acme", role="link")
    member.click("Leave acme")

    member.goto("/app/acme")
    assert "not found" in member.text.lower() or "404" in member.text


def test_sign_up_confirm_and_change_the_password(open_browser, live_site, transactional_db):
    user = make_user("unused")
    person = open_browser(user)
    person.goto("/account/new")
    person.page.fill("[name=username]", "newcomer")
    person.page.fill("[name=email]", "newcomer@example.com")
    person.page.fill("[name=password]", "a password for newcomers")
    person.click("Create account")
    mail = live_site.wait_for_mail("newcomer@example.com")
    text = mail.get_body(("plain",)).get_content()
    link = next(word for word in text.split() if "/account/confirm/" in word)

    person.goto(link)
    assert "token" not in person.page.url
    person.click("Confirm email address")

    assert "confirmed" in person.text
