"""Locked-out members: what they see, and the way back in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from organizations.members import invitations
from organizations.models import Organization
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import actor_of, counts_of, join

AUTHENTICATION = "/app/open/settings/authentication"
REQUIRE = f"{AUTHENTICATION}/require-two-factor"


def test_or02_the_next_click_is_refused(stage):
    stage.enrol("una")
    browser = stage.browser("mia")
    assert browser.get("/app/open").status_code == 200

    stage.browser("olga").post(REQUIRE)

    assert browser.get("/app/open/settings/authentication")["Location"].startswith("/app/open/locked-out")


SAYS_WHY = "fort requires two-factor authentication. You will be taken back there."


def test_r45_a_set_up_says_why_to_members_only(stage, mallory):
    strange, invited = people.sign_in(mallory), people.sign_in(people.make_user("ivan"))
    invitations.invite(Organization.objects.get(name="fort"), "ivan", actor=actor_of(stage.olga))

    for wanted in ("/app/fort", "/app/fort/settings/users", "/app/FORT/locked-out"):
        page = {"next": wanted}
        assert SAYS_WHY in stage.browser("mia").get("/app/settings/two-factor", page).content.decode()
        for browser in (strange, invited):
            assert "requires two-factor" not in browser.get("/app/settings/two-factor", page).content.decode()


@pytest.mark.parametrize(
    "wanted", ["/app/open", "/app/nothing", "/app", "/nothing", "//evil.example/app/fort"]
)
def test_a_set_up_for_anything_else_has_no_reason(stage, wanted):
    page = stage.browser("mia").get("/app/settings/two-factor", {"next": wanted}).content.decode()

    assert "requires two-factor" not in page


def test_the_reason_stands_on_every_step(stage):
    browser, wanted = stage.browser("mia"), "/app/fort"
    browser.post("/app/settings/two-factor/enable", {"method": "app", "next": wanted})
    page = browser.get("/app/settings/two-factor/confirm")
    app = people.Authenticator(stage.mia, people.key_on(page))
    wrong = browser.post("/app/settings/two-factor/confirm", {"code": app.wrong_code()})
    browser.post("/app/settings/two-factor/confirm", {"code": app.code()})

    for shown in (page, wrong, browser.get(people.CODES)):
        assert SAYS_WHY in shown.content.decode()


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
