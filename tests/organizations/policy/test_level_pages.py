"""What people see who have text messages only, or nothing, where more is or will be required."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ANY_METHOD, Level
from organizations.models import AuthPolicy, Organization
from organizations.policy import schedule, two_factor
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.organizations.policy.roll_out import by_text, comes_and_is_unmet, organization, words
from tests.support import people
from tests.support.organizations import SERVER, found, join, membership_of
from tests.support.people import make_user, sign_in
from tests.support.statements import sent, statements

TWO_FACTOR = "/app/settings/two-factor"
PAGES = [
    "/app/settings/profile",
    "/app/settings/organizations",
    "/app/open",
    "/app/open/settings/authentication",
]


def require_app(name="fort"):
    two_factor.set_auth_policy(
        organization(name), AuthPolicy.TWO_FACTOR_MANDATORY, accepted=Level.APP, actor=SERVER
    )


def schedule_for(name="open", level=ANY_METHOD, days=10):
    at = timezone.now() + timedelta(days=days)
    return schedule.schedule(organization(name), at, level=level, actor=SERVER)


# ---------------------------------------------------------------- the banner


@pytest.mark.parametrize("path", PAGES)
def test_who_misses_what_a_date_requires_sees_it_on_every_page(stage, path):
    schedule_for()

    missing, ready = stage.browser("mia").get(path), stage.browser("max").get(path)

    assert "open requires two-factor authentication from" in words(missing)
    assert f"{TWO_FACTOR}?next=%2Fapp%2Fopen" in missing.content.decode()
    assert 'class="banner"' not in ready.content.decode()


@pytest.mark.parametrize("path", [TWO_FACTOR, f"{TWO_FACTOR}?next=/app/open"])
def test_the_pages_of_the_set_up_have_no_banner(stage, path):
    schedule_for()

    assert 'class="banner"' not in stage.browser("mia").get(path).content.decode()


def test_the_earliest_date_comes_first(stage):
    for name, days in (("later", 30), ("sooner", 5), ("between", 9)):
        join(found(name, stage.olga), stage.mia)
        schedule_for(name, days=days)

    page = words(stage.browser("mia").get("/app/settings/profile"))

    assert "sooner requires two-factor authentication from" in page
    assert "later requires" not in page
    assert "between requires" not in page


def test_the_banner_is_about_an_app_where_texts_do_not_count(stage):
    by_text(stage, "mia")
    schedule_for(level=ANY_METHOD)
    assert 'class="banner"' not in stage.browser("mia").get("/app/open").content.decode()

    schedule_for(level=Level.APP)

    page = words(stage.browser("mia").get("/app/open"))
    assert "open requires an authenticator app, not text messages, from" in page
    assert "Set up an authenticator app" in page


def test_a_date_that_is_put_off_is_said_without_a_time(stage):
    comes_and_is_unmet()

    assert "open will soon require two-factor authentication." in words(
        stage.browser("mia").get("/app/settings/profile")
    )


def test_the_banner_takes_no_statement_of_its_own(stage):
    browser = stage.browser("mia")
    browser.get("/app/settings/profile")
    with sent() as before:
        browser.get("/app/settings/profile")
    schedule_for()

    with sent() as after:
        page = browser.get("/app/settings/profile")

    assert 'class="banner"' in page.content.decode()
    assert len(statements(after)) == len(statements(before))


def test_who_is_locked_out_already_is_not_told_of_a_date(stage):
    schedule_for("fort", Level.APP)

    page = words(stage.browser("mia").get("/app/settings/profile"))

    assert (
        "fort requires an authenticator app, not text messages, from" in page
    )  # more than what locks her out


# ---------------------------------------------------------------- the start page


def test_the_card_says_who_demands_it_and_from_when(stage):
    schedule_for()

    page = words(stage.browser("mia").get("/app"))

    assert "Secure your account" in page
    assert "fort has required it since" in page
    assert "open requires two-factor authentication from" in page


def test_the_card_asks_people_with_texts_only_for_an_app(stage):
    by_text(stage, "mia")
    before = words(stage.browser("mia").get("/app"))
    require_app()

    page = words(stage.browser("mia").get("/app"))

    assert "authenticator app" not in before
    assert "Add an authenticator app" in page
    assert "Secure your account" not in page
    assert "fort has required it since" in page


# ---------------------------------------------------------------- locked out by text messages


def test_texts_are_not_accepted_and_an_app_leads_back_in(stage):
    by_text(stage, "mia")
    require_app()
    browser = stage.browser("mia")

    page = browser.get("/app/fort", follow=True)
    assert page.redirect_chain[-1][0].startswith("/app/fort/locked-out")
    assert "It doesn't accept text messages, and you have no other method yet" in words(page)

    setting_up = browser.get(f"{TWO_FACTOR}?next=/app/fort")
    assert "fort requires an authenticator app, not text messages. You will be taken back there." in words(
        setting_up
    )
    browser.post(f"{TWO_FACTOR}/enable", {"method": "app", "next": "/app/fort"})
    key = people.key_on(browser.get(f"{TWO_FACTOR}/confirm"))
    app = people.Authenticator(stage.mia, key)
    done = browser.post(f"{TWO_FACTOR}/confirm", {"code": app.code()})

    assert done["Location"] == "/app/fort"
    assert browser.get("/app/fort").status_code == 200


def test_a_session_by_text_is_asked_for_the_app_or_a_recovery_code(stage):
    """Who has both, and signed in by text, is led to the proof that is accepted, and nowhere in a circle."""
    user = make_user("both")
    client = sign_in(user)
    app = people.enrol(user, client)

    enrol_phone(user, client, "+12025550167")
    join(organization("fort"), user)
    require_app()

    refused = client.get("/app/fort")
    asked = client.get(refused["Location"])

    assert refused["Location"].startswith("/session/sudo?")
    assert "level=2" in refused["Location"]
    assert "Text messages aren't accepted here. Use your authenticator app or a recovery code." in words(
        asked
    )
    assert "Text me a code" not in words(asked)
    assert "Send again" not in words(asked)
    done = client.post(
        "/session/sudo", {"next": "/app/fort", "level": "2", "factor": "app", "code": app.fresh_code()}
    )
    assert done["Location"] == "/app/fort"
    assert client.get("/app/fort").status_code == 200


# ---------------------------------------------------------------- removing a method


def with_both(stage, name):
    """Give somebody of the stage, who has the application, a phone as well."""
    by_text(stage, name)
    return stage.browser(name)


def test_d4_the_page_before_removing_a_method_names_what_gets_locked(stage):
    browser = with_both(stage, "max")
    require_app()

    asked = browser.get(f"{TWO_FACTOR}/app/remove")
    harmless = browser.get(f"{TWO_FACTOR}/sms/remove")
    browser.post(f"{TWO_FACTOR}/app/remove")

    assert "They will be locked for you until you set it up again: fort" in words(asked)
    assert "locked for you" not in words(harmless)
    assert browser.get("/app/fort")["Location"].startswith("/app/fort/locked-out")


def test_di09_an_owner_keeps_the_method_that_counts(stage):
    browser = with_both(stage, "oscar")
    require_app()

    asked = browser.get(f"{TWO_FACTOR}/app/remove")
    refused = browser.post(f"{TWO_FACTOR}/app/remove", follow=True)

    assert (
        "You own organizations that accept none of your other methods, so you can't remove this one: fort"
        in (words(asked))
    )
    assert "Remove Application</button>" not in asked.content.decode()
    assert "You own fort, an organization that doesn't accept text messages." in words(refused)
    stage.oscar.refresh_from_db()
    assert stage.oscar.level == Level.APP


@pytest.mark.parametrize(("name", "told"), [("max", "only working"), ("mia", "isn't configured")])
def test_what_can_not_be_removed_leads_back(stage, name, told):
    response = stage.browser(name).get(f"{TWO_FACTOR}/app/remove", follow=True)

    assert response.redirect_chain[-1][0] == TWO_FACTOR


# ---------------------------------------------------------------- lists of users


def test_owners_see_and_find_who_has_texts_only(stage):
    by_text(stage, "mia")
    browser = stage.browser("olga")

    page = browser.get("/app/open/settings/users")
    found_by_filter = browser.get("/app/open/settings/users?texts_only=on")
    found_by_name = browser.get("/app/open/settings/users?texts_only=on&q=m")
    not_found = browser.get("/app/open/settings/users?texts_only=on&q=ma")
    without = browser.get("/app/open/settings/users?without_two_factor=on&q=u")

    assert words(page).count("Text messages only") == 1
    assert "1 member has text messages only." in words(page)
    assert [row.username for row in found_by_filter.context["page"].rows] == ["mia"]
    assert found_by_filter.context["total"] == 1
    assert [row.username for row in found_by_name.context["page"].rows] == ["mia"]
    assert 'name="texts_only" value="on"' in found_by_name.content.decode()
    assert not_found.context["page"].rows == []
    assert [row.username for row in without.context["page"].rows] == ["una"]
    assert "Text messages only" in words(browser.get("/app/open"))


def test_nobody_with_texts_only_is_said(stage):
    page = stage.browser("olga").get("/app/open/settings/users?texts_only=on")

    assert "Nobody has text messages only" in words(page)


def test_who_has_texts_only_can_not_become_an_owner_where_they_do_not_count(stage):
    by_text(stage, "mia")
    browser, pk = stage.browser("oscar"), membership_of(stage.mia, "fort").pk
    allowed = words(browser.get("/app/fort/settings/users"))
    require_app()

    users = words(browser.get("/app/fort/settings/users"))
    asked = words(browser.get(f"/app/fort/settings/users/{pk}/make-owner"))
    refused = browser.post(f"/app/fort/settings/users/{pk}/make-owner")

    assert "Can't become an owner" not in allowed
    assert "Can't become an owner without an authenticator app" in users
    assert "fort doesn't accept text messages, and mia hasn't set up an authenticator app." in asked
    assert refused.status_code == 422


# ---------------------------------------------------------------- the organization, and the admin site


@pytest.mark.parametrize("name", ["olga", "max", "mia"])
def test_the_page_of_the_organization_has_the_date(stage, name):
    schedule_for()

    assert "Two-factor authentication is required here from" in words(stage.browser(name).get("/app/open"))


def test_the_page_of_the_organization_says_what_is_required(stage):
    require_app()

    assert "Authenticator app required" in words(stage.browser("max").get("/app/fort"))


def test_the_admin_site_shows_what_is_required_and_the_date(stage):
    schedule_for("open", Level.APP)
    require_app()
    by_text(stage, "mia")
    browser = stage.browser("root")

    dated = words(browser.get(f"/admin/organizations/organization/{organization().pk}/change/"))
    strict = words(browser.get(f"/admin/organizations/organization/{organization('fort').pk}/change/"))

    assert "UTC: Authenticator apps only" in dated
    assert "Methods that count Authenticator apps only" in strict
    assert "Members with text messages only: 1" in strict or "Members with text messages only 1" in strict


def test_the_admin_site_says_that_a_date_is_put_off(stage):
    comes_and_is_unmet()

    page = words(stage.browser("root").get(f"/admin/organizations/organization/{organization().pk}/change/"))

    assert "Put off, because not all owners have it" in page
    assert Organization.objects.get(name="open").due_at is not None
