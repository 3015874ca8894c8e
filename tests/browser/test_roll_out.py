"""A roll-out in a real browser: a date, reminders, the way in, and no text messages."""

import pytest
from django.utils import timezone

from accounts.models import Level
from organizations.models import Organization
from organizations.policy import two_factor
from tests.browser.conftest import SETTINGS
from tests.browser.test_texts import enrol_by_text, minute_passes, phone
from tests.support.organizations import SERVER, enrolled, found
from tests.support.people import timedelta

__all__ = ["phone"]  # a fixture
pytestmark = pytest.mark.browser
AUTHENTICATION = "/app/acme/settings/authentication"
REQUIRE = f"{AUTHENTICATION}/require-two-factor"


@pytest.fixture
def acme(open_browser, alice, bob):
    """alice owns acme and has an application; bob is in it and has nothing. Returns their browsers."""
    app = enrolled(alice)
    found("acme", alice, members=[bob])
    owner, member = open_browser(alice), open_browser(bob)
    owner.key = app.key
    owner.log_in()
    return owner, member


def require_app():
    policy = two_factor.AuthPolicy.TWO_FACTOR_MANDATORY
    two_factor.set_auth_policy(
        Organization.objects.get(name="acme"), policy, accepted=Level.APP, actor=SERVER
    )


def test_an_owner_sets_a_date_and_a_member_follows_it_in(acme, live_site):
    owner, member = acme
    owner.goto(AUTHENTICATION)
    owner.click("Require two-factor")
    owner.page.wait_for_url("**/require-two-factor**")
    assert "1 of 2 members will be locked out" in owner.text
    day = (timezone.now() + timedelta(days=20)).date()
    owner.page.get_by_label("Date", exact=True).fill(day.isoformat())
    owner.page.get_by_label("Time", exact=True).select_option("10")
    owner.click("Require from this date")
    assert owner.path == AUTHENTICATION
    assert f"{day.day} {day:%b} {day.year}, 10:00 UTC" in owner.text
    assert live_site.wait_for_mail("bob@example.com")["Subject"].startswith("acme requires two-factor")

    member.sign_in()
    member.goto("/app/settings/profile")
    banner = member.page.locator(".banner")
    assert f"{day.day} {day:%b} {day.year}, 10:00 UTC" in banner.inner_text()
    banner.get_by_role("link", name="Set up two-factor authentication").click()
    assert "acme requires two-factor authentication from" in member.text
    assert member.page.locator(".banner").count() == 0
    member.choose_application()
    member.confirm_application()
    member.click("I have kept them")

    assert member.path == "/app/acme"
    assert member.page.locator(".banner").count() == 0


def test_a_wrong_date_stays_and_the_field_has_the_focus(acme):
    owner, _member = acme
    owner.goto(f"{REQUIRE}?methods=app")
    field = owner.page.get_by_label("Date", exact=True)
    field.fill("2001-02-03")
    owner.click("Require from this date")

    owner.page.get_by_text("Choose a time from").wait_for()
    assert owner.path == f"{AUTHENTICATION}/schedule"
    assert field.input_value() == "2001-02-03"
    assert field.evaluate("field => document.activeElement === field")
    apps_only = owner.page.get_by_role("link", name="Authenticator apps only")
    assert apps_only.get_attribute("aria-current") == "page"


def test_the_date_is_changed_and_withdrawn(acme):
    owner, _member = acme
    owner.goto(REQUIRE)
    owner.click("Require from this date")
    owner.click("Change the date", role="link")
    owner.page.get_by_label("Time", exact=True).select_option("22")
    owner.click("Change the date")
    assert "22:00 UTC" in owner.text

    owner.page.get_by_role("link", name="Withdraw").click()
    assert owner.path == f"{AUTHENTICATION}/withdraw"
    owner.click("Withdraw the date")

    assert "The date is withdrawn." in owner.text
    assert Organization.objects.get(name="acme").required_from is None


def test_a_member_is_reminded_once_by_keyboard(acme, live_site):
    owner, _member = acme
    owner.goto(f"{AUTHENTICATION}/rehearsal")
    button = owner.page.get_by_role("button", name="Remind bob")
    button.focus()
    with owner.page.expect_navigation():
        owner.page.keyboard.press("Enter")

    assert "bob gets a reminder." in owner.text
    assert owner.page.get_by_role("button", name="Remind bob").is_disabled()
    assert "again from" in owner.text
    mail = live_site.wait_for_mail("bob@example.com")
    assert mail["Subject"] == "Set up two-factor authentication for acme"


def test_the_progress_can_be_read_without_the_picture(acme):
    owner, _member = acme
    owner.goto(AUTHENTICATION)

    assert "1 of 2 members have set up two-factor authentication" in owner.text


def test_texts_are_not_enough_and_an_app_leads_in(acme, phone):
    _owner, member = acme
    member.sign_in()
    enrol_by_text(member, phone)
    require_app()

    member.goto("/app/acme")
    assert member.path == "/app/acme/locked-out"
    assert "It doesn't accept text messages" in member.text
    member.page.locator("main").get_by_role("link", name="Set up an authenticator app").click()
    assert member.path == SETTINGS
    assert "acme requires an authenticator app, not text messages." in member.text
    member.click("Add method")
    member.confirm_application()

    assert member.path == "/app/acme"
    assert member.page.locator("h1").inner_text() == "acme"


def test_who_signed_in_by_text_is_asked_for_the_app(acme, open_browser, bob, phone):
    _owner, member = acme
    member.sign_in()
    texted = enrol_by_text(member, phone)
    member.goto(SETTINGS)
    member.click("Add method")
    member.confirm_application()
    require_app()
    other = open_browser(bob)
    other.key = member.key
    other.sign_in()
    if other.page.get_by_role("button", name="Text me a code").count():
        other.click("Text me a code")
    other.enter_code(phone(after=texted))
    assert other.path == "/app"
    minute_passes()

    other.goto("/app/acme")

    assert other.path == "/session/sudo"
    assert "Text messages aren't accepted here." in other.text
    for words in ("Text me a code", "Send again"):
        assert other.page.get_by_role("button", name=words).count() == 0
    assert other.page.get_by_role("link", name="Use a recovery code").count() == 1
    other.enter_code(other.code())
    assert other.path == "/app/acme"
