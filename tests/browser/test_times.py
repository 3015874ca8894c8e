"""The exact time is there for everybody: by the mouse, by the keyboard, on a touch screen, on paper."""

import pytest

from tests.support import people

pytestmark = pytest.mark.browser

SESSIONS = "/app/settings/sessions"


@pytest.fixture
def rows(open_browser, alice):
    """The page Sessions with one other browser; returns the person who looks at it."""
    people.sign_in(alice)
    person = open_browser(alice)
    person.sign_in()
    person.goto(SESSIONS)
    return person


def last_used(person):
    """Return the time when the other browser was last used."""
    return person.page.locator("tbody tr").nth(1).locator("time").nth(1)


def is_hidden(time):
    return time.locator("small").bounding_box()["width"] <= 1


def test_the_exact_time_is_the_title_and_shows_while_the_keyboard_is_in_the_row(rows):
    time = last_used(rows)
    assert time.get_attribute("title").endswith(" UTC")
    assert time.text_content() == f"just now {time.get_attribute('title')}"
    if rows.page.evaluate("matchMedia('(hover: none)').matches"):  # there, no title tells it
        assert not is_hidden(time)
        return
    assert is_hidden(time)

    for _ in range(40):
        rows.page.keyboard.press("Tab")
        if not is_hidden(time):
            break

    assert not is_hidden(time)
    assert rows.page.evaluate("document.activeElement.textContent").startswith("End")


def test_paper_has_the_exact_time(rows):
    rows.page.emulate_media(media="print")

    assert not is_hidden(last_used(rows))


def test_a_touch_screen_has_the_exact_time(live_site, browser, alice):
    people.sign_in(alice)
    context = browser.new_context(
        base_url=live_site.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto("/session")
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", people.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(SESSIONS)

    assert page.evaluate("matchMedia('(hover: none)').matches")
    assert not is_hidden(page.locator("tbody tr").nth(1).locator("time").nth(1))
    context.close()


def test_a_time_zone_is_chosen_from_the_profile(rows):
    rows.goto("/app/settings/profile")
    rows.click("Change time zone", role="link")
    rows.page.get_by_label("Time zone", exact=True).select_option("Berlin")
    rows.click("Save")

    assert rows.path == "/app/settings/profile"
    assert "Europe/Berlin" in rows.text
    rows.goto(SESSIONS)
    assert " CET" in rows.text or " CEST" in rows.text
