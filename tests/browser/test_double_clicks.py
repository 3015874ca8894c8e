"""A double click acts once: what is sent second would replace the answer, and the codes that it shows."""

import re
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import expect

from accounts.models import AuditEvent
from tests.browser.conftest import KINDS, SETTINGS
from tests.support import people

pytestmark = pytest.mark.browser

MILLISECONDS_OF_LINE = 400
MILLISECONDS_OF_CLICK = 40


@pytest.fixture
def kind():
    """Without JavaScript the browser sends whatever is clicked."""
    return KINDS["wide"]


@pytest.fixture
def person(open_browser, alice):
    return open_browser(alice)


@pytest.fixture
def posts(person):
    """The paths of the forms that this browser has sent."""
    sent = []

    def note(request):
        if request.method == "POST":
            sent.append(urlsplit(request.url).path)

    person.page.on("request", note)
    return sent


def slow_down(person):
    """Let this browser wait for answers, so that a second click finds the page still there."""
    line = {
        "offline": False,
        "latency": MILLISECONDS_OF_LINE,
        "downloadThroughput": -1,
        "uploadThroughput": -1,
    }
    person.page.context.new_cdp_session(person.page).send("Network.emulateNetworkConditions", line)


def double_click(person, name):
    slow_down(person)
    person.page.get_by_role("button", name=name, exact=True).dblclick(delay=MILLISECONDS_OF_CLICK)


def shown_codes(person):
    expect(person.page.locator("#codes")).to_be_visible()
    return re.findall(r"\b[0-9A-Z]{5}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", person.text)


def fill_in_sign_in(person):
    person.goto("/session")
    person.page.fill("[name=username]", person.user.username)
    person.page.fill("[name=password]", people.PASSWORD)


def test_verify_shows_the_backup_codes_and_they_stay(person, posts):
    person.sign_in()
    person.goto(SETTINGS)
    person.choose_application()
    person.page.fill("[name=code]", pyotp.TOTP(person.scan()).now())

    double_click(person, "Verify")

    assert len(shown_codes(person)) == 10
    assert posts.count(f"{SETTINGS}/confirm") == 1


def test_renew_shows_the_codes_that_hold(person, posts):
    person.sign_in()
    person.enrol()
    person.goto(SETTINGS)
    person.page.locator("summary", has_text="Renew codes").click()

    double_click(person, "Renew backup codes")

    assert len(shown_codes(person)) == 10
    assert posts.count(f"{SETTINGS}/renew-codes") == 1
    assert AuditEvent.objects.filter(event="backup_codes.renewed").count() == 1


def test_sign_in_signs_in_once(person, posts):
    fill_in_sign_in(person)

    double_click(person, "Sign in")
    person.page.wait_for_url("**/app")

    assert posts == ["/session"]


def test_return_pressed_twice_signs_in_once(person, posts):
    fill_in_sign_in(person)
    slow_down(person)

    for _ in range(2):
        person.page.keyboard.press("Enter")
        person.page.wait_for_timeout(MILLISECONDS_OF_CLICK)
    person.page.wait_for_url("**/app")

    assert posts == ["/session"]


def test_an_administrator_acts_once(person, posts, bob):
    person.user = people.make_user("root", is_staff=True, is_superuser=True)
    person.sign_in()
    person.enrol()
    person.goto(f"/admin/accounts/user/{bob.pk}/act/deactivate/")
    person.page.fill("[name=reason]", "asked for it")

    double_click(person, "Deactivate")
    person.page.wait_for_url(f"**/{bob.pk}/change/")

    assert posts.count(f"/admin/accounts/user/{bob.pk}/act/deactivate/") == 1


def test_who_comes_back_to_the_page_can_send_it_again(person, posts):
    """From the browser's cache of whole pages, in which everything is as it was left."""
    fill_in_sign_in(person)
    person.page.route("**/session", lambda route: route.fulfill(status=204))  # the page stays
    person.click("Sign in")
    button = person.page.get_by_role("button", name="Sign in")
    expect(button).to_have_attribute("aria-disabled", "true")
    person.page.unroute("**/session")

    person.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    person.click("Sign in")
    person.page.wait_for_url("**/app")

    assert posts == ["/session", "/session"]
