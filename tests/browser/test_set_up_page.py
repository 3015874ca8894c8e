"""The set-up of an app and the codes to keep, in a real browser: on the phone with the app, and on paper."""

import re

import pyotp
import pytest

from tests.browser.conftest import SETTINGS
from tests.support.two_factor import events_of

pytestmark = pytest.mark.browser

LINK = "Open in your app"


@pytest.fixture
def alice_at_set_up(open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    person.goto(SETTINGS)
    person.choose_application()
    return person


def test_pf4_the_link_opens_the_app_on_this_device(alice_at_set_up, kind):
    person, page = alice_at_set_up, alice_at_set_up.page
    link = page.get_by_role("link", name=LINK)
    place, picture = link.bounding_box(), page.locator(".qr").bounding_box()

    if kind["viewport"]["width"] < 500:  # the app may well be here
        assert place["y"] + place["height"] <= picture["y"]
        assert place["height"] >= 44
        assert place["y"] + place["height"] <= kind["viewport"]["height"]
    else:
        assert place["x"] >= picture["x"] + picture["width"]
        assert picture["y"] <= place["y"] <= picture["y"] + picture["height"]
    assert page.evaluate("document.documentElement.scrollWidth") == kind["viewport"]["width"]
    uri = link.get_attribute("href")
    assert pyotp.parse_uri(uri).secret == person.scan()


def test_pf4_the_link_is_reached_by_keyboard_and_no_policy_stops_it(alice_at_set_up):
    page, said, requests = alice_at_set_up.page, [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: requests.append(request))

    page.get_by_label("Authentication code").focus()
    reached = []
    while LINK not in reached and len(reached) < 3:  # back past Copy key, where there is JavaScript
        page.keyboard.press("Shift+Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert reached[-1] == LINK
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)

    assert not [text for text in said if "Content Security Policy" in text]
    heard = [
        request for request in requests if request.url.startswith("http") and "/static/" not in request.url
    ]
    assert heard == []  # by no server
    assert page.get_by_label("Authentication code").is_visible()  # and the page is still there


def test_pf10_the_codes_are_saved_and_printed_with_what_they_are_for(alice_at_set_up, alice, live_site):
    person, page = alice_at_set_up, alice_at_set_up.page
    person.confirm_application()

    with page.expect_download() as download:
        person.click("Download")

    text = download.value.path().read_text()
    assert download.value.suggested_filename.startswith("tfc-auth-backup-codes-alice-")
    assert re.findall(r"[0-9A-Z]{5}-[0-9A-Z]{4}-[0-9A-Z]{4}", text) == person.codes
    assert f"Address: {live_site.url}\nAccount: alice (alice@example.com)\nSaved:" in text
    assert f"{live_site.url}{SETTINGS}" in text
    page.emulate_media(media="print")
    assert [line for line in text.splitlines() if line.strip() and line.strip() not in person.text] == []
    assert events_of(alice).count("backup_codes.revealed") <= 1  # with JavaScript the page has them already
