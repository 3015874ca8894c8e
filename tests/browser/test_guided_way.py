"""The guided way in: wide, on a phone without JavaScript, by keyboard, with reloads, with a proof between."""

import pyotp
import pytest

from tests.accounts.factors.sms.conftest import NUMBER
from tests.browser.conftest import KINDS, SETTINGS, expire_sudo
from tests.browser.looking import look_now
from tests.support import people
from tests.support.organizations import found, require
from tests.support.people import enrol, make_user

pytestmark = pytest.mark.browser

CHOOSE, VERIFY, KEEP = "Choose", "Scan and verify", "Keep your codes"
CODES = f"{SETTINGS}/codes"
LONGEST = "o" * 40


@pytest.fixture
def person(open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    return person


def step(person):
    """The name of the present step, as the line of steps marks it."""
    return person.page.locator(".steps > [aria-current=step]").inner_text().strip()


def is_in_view(person, place):
    """Whether a person sees it without scrolling."""
    box, height = place.bounding_box(), person.page.viewport_size["height"]
    return box["y"] >= 0 and box["y"] + box["height"] <= height


def test_five_clicks_on_four_pages_and_a_reload_of_each(person, alice):
    person.goto(f"{SETTINGS}?next=/app")  # where "Secure your account" leads to: the first click
    page = person.page
    assert page.get_by_label("Application", exact=True).is_checked()
    assert step(person) == CHOOSE

    person.click("Enable 2FA")
    assert step(person) == VERIFY
    assert page.title().startswith("Set up your authenticator app (step 2 of 3)")
    assert is_in_view(person, page.locator("h1"))
    key = person.scan()
    page.reload()
    assert (person.scan(), step(person)) == (key, VERIFY)
    assert is_in_view(person, page.locator("h1"))
    page.fill("[name=code]", pyotp.TOTP(key).now())

    person.click("Verify")
    assert (person.path, step(person)) == (CODES, KEEP)
    codes = page.locator("#codes").inner_text()
    page.reload()
    assert (page.locator("#codes").inner_text(), step(person)) == (codes, KEEP)
    assert is_in_view(person, page.locator("h1"))

    with page.expect_download():
        person.click("Download")
    person.click("I have kept them")
    assert person.path == "/app"
    assert "Two-factor authentication is on." in page.get_by_role("status").first.inner_text()


def test_the_proof_in_between_carries_the_choice_out(person, alice):
    expire_sudo(alice)
    person.goto(SETTINGS)
    person.page.fill("[name=phone_number]", NUMBER)
    person.click("Enable 2FA")
    assert person.path == "/session/sudo"
    assert "••43" in person.text
    person.page.reload()
    assert "••43" in person.text

    person.page.fill("[name=password]", people.PASSWORD)
    person.click("Confirm password")

    assert step(person) == VERIFY
    person.confirm_application()
    person.click("I have kept them")
    assert step(person) == "Verify your number"
    person.click("Skip for now")
    assert "Application is configured" in person.text


def test_cancel_leads_back_to_where_one_came_from(person, alice):
    person.goto(f"{SETTINGS}?next=/app")
    person.click("Cancel", role="link")
    assert person.path == "/app"

    person.goto(f"{SETTINGS}?next=/app")
    person.click("Enable 2FA")
    person.click("Cancel")
    assert person.path == "/app"

    expire_sudo(alice)
    person.goto(SETTINGS)
    person.click("Enable 2FA")
    person.click("Cancel", role="link")
    assert person.path == SETTINGS


def test_from_a_locked_out_organization_with_a_long_name_and_back(open_browser, alice, bob):
    enrol(bob)
    require(found(LONGEST, bob, members=[alice]))
    person = open_browser(alice)
    person.sign_in(f"/app/{LONGEST}")
    person.page.locator("main").get_by_role("link", name="Set up two-factor authentication").click()
    width = person.page.viewport_size["width"]
    said = f"{LONGEST} requires two-factor authentication. You will be taken back there."

    for press in ("Enable 2FA", "Verify", "I have kept them"):
        assert said in person.text
        assert person.page.evaluate("document.documentElement.scrollWidth") == width
        if press == "Verify":
            person.page.fill("[name=code]", pyotp.TOTP(person.scan()).now())
        person.click(press)

    assert person.path == f"/app/{LONGEST}"
    assert "Two-factor authentication is on." in person.text


def test_another_organization_is_not_named(person, bob):
    enrol(bob)
    require(found("fort", bob))
    person.goto(f"{SETTINGS}?next=/app/fort")
    assert "fort requires" not in person.text
    assert "taken back there" not in person.text


def test_the_confirmed_address_comes_first(open_browser, transactional_db):
    person = open_browser(make_user("newcomer", email_confirmed_at=None))
    person.sign_in()
    person.goto(SETTINGS)

    assert person.page.locator("main form").count() == 0
    assert person.page.get_by_role("link", name="Confirm email address").count() == 1


# ---------------------------------------------------------------- in one kind of browser


wide = pytest.mark.parametrize("kind", [KINDS["wide"]], ids=["wide"])


@wide  # axe itself needs JavaScript
def test_axe_finds_nothing_at_the_states_in_between(person, alice):
    expire_sudo(alice)
    person.goto(f"{SETTINGS}?next=/app")
    person.page.fill("[name=phone_number]", "555")
    person.click("Enable 2FA")
    problems = look_now(person.page)
    person.page.fill("[name=phone_number]", NUMBER)
    person.click("Enable 2FA")
    problems += look_now(person.page)
    person.page.fill("[name=password]", people.PASSWORD)
    person.click("Confirm password")
    person.confirm_application()
    problems += look_now(person.page)
    for press in ("I have kept them", "Text me a code"):
        person.click(press)
        problems += look_now(person.page)
    person.click("Skip for now")
    person.goto(f"{SETTINGS}/app/replace")
    problems += look_now(person.page)
    person.goto(SETTINGS)
    for summary in person.page.locator("main summary").all():
        summary.click()
    problems += look_now(person.page)

    assert problems == []


@wide
def test_with_the_keyboard_alone(person, alice):
    page = person.page
    person.goto(f"{SETTINGS}?next=/app")

    def tab_to(name):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == name:
                return page.keyboard.press("Enter")
        raise AssertionError(f"{name} is not reached")

    tab_to("Enable 2FA")
    page.locator("#confirm").wait_for()
    key = "".join(page.locator(".key").inner_text().split())
    page.keyboard.type(pyotp.TOTP(key).now())  # the field has the focus
    page.keyboard.press("Enter")
    page.locator("#codes").wait_for()
    tab_to("I have kept them")
    page.wait_for_url("**/app")


STUB = """() => {
    window.OTPCredential = class {};
    navigator.credentials.get = (options) => {
        window.asked = options;
        return new Promise((resolve) => { window.arrive = (code) => resolve({ code }); });
    };
}"""


@wide
def test_a_texted_code_is_filled_in_where_the_browser_offers_it(person, alice):
    page = person.page
    page.add_init_script(f"({STUB})()")
    person.goto(SETTINGS)
    page.get_by_label("SMS Only (Text Message)").check()
    page.fill("[name=phone_number]", NUMBER)
    person.click("Enable 2FA")

    page.wait_for_function("window.asked")
    assert page.evaluate("asked.otp.transport") == ["sms"]
    page.evaluate("arrive('123456')")
    page.wait_for_function("document.querySelector('[name=code]').value === '123456'")
    assert not page.evaluate("asked.signal.aborted")
    page.evaluate(
        "document.querySelector('#confirm').addEventListener('submit', event => event.preventDefault())"
    )
    person.click("Verify")
    assert page.evaluate("asked.signal.aborted")


@wide
def test_what_somebody_types_is_not_replaced_and_other_codes_are_not_waited_for(person, alice):
    page = person.page
    page.add_init_script(f"({STUB})()")
    person.goto(SETTINGS)
    person.click("Enable 2FA")
    page.locator(".qr").wait_for()
    assert page.evaluate("window.asked") is None  # an application's code is texted by nobody

    person.goto(SETTINGS)
    page.get_by_label("SMS Only (Text Message)").check()
    page.fill("[name=phone_number]", NUMBER)
    person.click("Enable 2FA")
    page.wait_for_function("window.asked")
    page.fill("[name=code]", "12")
    page.evaluate("arrive('123456')")
    page.wait_for_timeout(100)
    assert page.locator("[name=code]").input_value() == "12"
