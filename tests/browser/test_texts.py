"""Text messages, remembered browsers and sessions, in a real browser (issue: completes every control)."""

import re

import pytest

from accounts.factors.sms.models import TextMessage
from accounts.models import RateLimit
from tests.browser.conftest import SETTINGS
from tests.support import people
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

NUMBER = "(202) 555-0143"


@pytest.fixture
def phone(live_site):
    """phone(): the code of the newest text that the product has sent."""

    def read():
        files = sorted(live_site.mail_directory.glob("*.text"))
        found = re.search(r"#(\d{6})", files[-1].read_text()) if files else None
        return found[1] if found else ""  # the file may be half written

    def newest(after=""):
        return wait_until(lambda: (code := read()) != after and code, lambda: "no text came")

    return newest


def minute_passes():
    RateLimit.objects.filter(key__startswith="text:").delete()
    TextMessage.objects.update(created_at=people.timezone.now() - people.timedelta(seconds=61))


def enrol_by_text(person, phone):
    person.goto(SETTINGS)
    person.page.get_by_label("SMS Only (Text Message)").check()
    person.page.get_by_label("Phone number").fill(NUMBER)
    person.click("Enable 2FA")
    code = phone()
    person.enter_code(code)
    assert "backup codes" in person.text.lower(), person.text
    minute_passes()
    return code


def test_enrol_and_log_in_by_text(open_browser, alice, phone):
    person = open_browser(alice)
    person.sign_in()
    code = enrol_by_text(person, phone)
    person.goto(SETTINGS)
    assert "SMS (Text Message) is configured" in person.text

    other = open_browser(alice)
    other.sign_in()
    assert "43" in other.text
    other.enter_code(phone(after=code))

    assert other.path == "/app"


def test_both_methods_and_log_in_with_each(open_browser, alice, phone):
    person = open_browser(alice)
    person.sign_in()
    person.goto(SETTINGS)
    person.page.get_by_label("Application", exact=True).check()
    person.page.get_by_label("Phone number").fill(NUMBER)
    person.click("Enable 2FA")
    person.confirm_application()
    person.click("I have kept them")
    person.click("Text me a code")
    code = phone()
    person.enter_code(code)
    assert "Application is configured" in person.text
    assert "SMS (Text Message) is configured" in person.text
    minute_passes()

    by_app = open_browser(alice)
    by_app.key = person.key
    by_app.log_in()
    by_text = open_browser(alice)
    by_text.sign_in()
    by_text.click("Text me a code")
    by_text.enter_code(phone(after=code))

    assert by_text.path == "/app"


def test_a_number_that_is_none_is_refused_and_kept_to_be_mended(open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    person.goto(SETTINGS)
    person.page.get_by_label("SMS Only (Text Message)").check()
    person.page.get_by_label("Phone number").fill("call me")
    person.click("Enable 2FA")

    assert "Enter a phone number" in person.text
    assert person.page.get_by_label("Phone number").input_value() == "call me"


@pytest.fixture
def alice_enrolled(open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    person.enrol()
    return person


def test_a_browser_is_remembered_and_forgotten(open_browser, alice, alice_enrolled):
    person = open_browser(alice)
    person.key = alice_enrolled.key
    person.sign_in()
    person.page.get_by_label("Remember this device for 14 days").check()
    person.enter_code(person.code())
    person.click_menu("Log out")
    person.sign_in()
    assert person.path == "/app"

    owner = alice_enrolled
    owner.goto("/app/settings/sessions")
    owner.page.locator("section[aria-labelledby=remembered-title] summary").first.click()
    owner.click("Forget this browser")
    person.click_menu("Log out")
    person.sign_in()

    assert person.path == "/session/two-factor"


def test_another_session_is_ended(open_browser, alice, alice_enrolled):
    other = open_browser(alice)
    other.key = alice_enrolled.key
    other.log_in()
    alice_enrolled.goto("/app/settings/sessions")

    alice_enrolled.page.locator("summary", has_text="End all other sessions").click()
    alice_enrolled.click("End all others")

    other.goto("/app")
    assert other.path == "/session"
    alice_enrolled.goto("/app")
    assert alice_enrolled.path == "/app"


def test_an_owner_shortens_the_sessions_of_everybody(open_browser, alice):
    owner = open_browser(alice)
    owner.sign_in()
    owner.goto("/app/organizations/new")
    owner.page.fill("[name=name]", "acme")
    owner.click("Create organization")
    owner.goto("/app/acme/settings/authentication")

    section = owner.page.locator("#user-sessions")
    section.get_by_label("Use default").first.uncheck()
    section.locator("input[type=number], input[inputmode=numeric]").first.fill("90")
    owner.click("Update User Sessions")

    assert owner.page.locator("#user-sessions input[name=session_timeout]").input_value() == "90"
