"""Locked-out members: what they see, and the way back in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from organizations.models import Organization
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import counts_of, join

AUTHENTICATION = "/app/open/settings/authentication"
REQUIRE = f"{AUTHENTICATION}/require-two-factor"


def test_or02_the_next_click_is_refused(stage):
    stage.enrol("una")
    browser = stage.browser("mia")
    assert browser.get("/app/open").status_code == 200

    stage.browser("olga").post(REQUIRE)

    assert browser.get("/app/open/settings/authentication")["Location"].startswith("/app/open/locked-out")


def test_or03_enrolling_from_the_locked_out_page_leads_back(stage):
    browser = stage.browser("mia")
    wanted = "/app/fort/settings/authentication"
    former = browser.cookies["session"].value

    page = browser.get(browser.get(wanted)["Location"])
    assert f"/app/settings/two-factor?next={wanted.replace('/', '%2F')}" in page.content.decode()
    browser.get("/app/settings/two-factor", {"next": wanted})
    browser.post("/app/settings/two-factor/enable", {"method": "app", "next": wanted})
    app = people.Authenticator(stage.mia, people.key_on(browser.get("/app/settings/two-factor/confirm")))
    browser.post("/app/settings/two-factor/confirm", {"code": app.code()})

    assert browser.post(f"{people.CODES}/kept")["Location"] == wanted
    assert browser.get(wanted).status_code == 200
    assert browser.cookies["session"].value != former


def test_d32_the_locked_out_page_names_the_organization_and_no_member(stage):
    long_ago = timezone.now() - timedelta(days=40)
    Organization.objects.filter(name="fort").update(auth_policy_changed_at=long_ago)

    page = stage.browser("mia").get("/app/fort/locked-out").content.decode()

    assert "hello@fort.example" in page
    assert f'<time datetime="{long_ago.isoformat(timespec="seconds")[:16]}' in page
    assert "Leave fort" in page
    assert not any(name in page for name in ["olga", "oscar", "max"])


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil"]
)
def test_the_way_back_stays_on_this_site(stage, target):
    page = stage.browser("mia").get("/app/fort/locked-out", {"next": target}).content.decode()

    assert "evil" not in page
    assert "alert(1)" not in page
    assert "next=%2Fapp%2Ffort" in page


def test_nobody_stays_on_the_locked_out_page_of_an_open_organization(stage):
    response = stage.browser("max").get("/app/fort/locked-out?next=/app/fort/settings/authentication")

    assert response["Location"] == "/app/fort/settings/authentication"


def test_di10_a_member_who_disables_is_locked_out_of_that_organization(stage):
    browser = stage.browser("max")

    response = browser.post("/app/settings/two-factor/disable", {"password": people.PASSWORD})

    assert response.status_code == 302
    assert browser.get("/app/fort")["Location"].startswith("/app/fort/locked-out")
    assert browser.get("/app/open").status_code == 200
    assert broken() == []


def test_joining_a_mandatory_organization_gives_no_access_before_enrolment(stage):
    newcomer = people.make_user("newcomer")
    fort = Organization.objects.get(name="fort")
    join(fort, newcomer)

    assert people.sign_in(newcomer).get("/app/fort")["Location"].startswith("/app/fort/locked-out")
    assert counts_of("fort") == (5, 2, 0)
