"""How long sessions of members last: idle, in total, and by whose rule."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Session
from organizations.members import invitations
from organizations.models import Organization
from tests.organizations.policy.session_times import PAGE, UPDATE, age, is_in, limit
from tests.support import people
from tests.support.organizations import actor_of
from tests.support.two_factor import CHALLENGE

pytestmark = pytest.mark.django_db


# ---------------------------------------------------------------- idle


def test_se_02_r48_idle_for_sixty_one_minutes(stage):
    limit("open", timeout=60)
    browser = stage.browser("max")

    age(stage.max, idle=61)

    assert not is_in(browser)
    assert browser.get(PAGE)["Location"].startswith("/session?next=")


@pytest.mark.parametrize(("minutes", "alive"), [(59, True), (60, False)])
def test_se_02_idle_to_the_minute(stage, minutes, alive):
    limit("open", timeout=60)
    browser = stage.browser("max")

    age(stage.max, idle=minutes)

    assert is_in(browser) is alive


def test_se_02_a_session_in_use_stays(stage):
    """The last use is written once a minute: often enough for sixty."""
    limit("open", timeout=60)
    browser = stage.browser("max")

    for _ in range(4):
        age(stage.max, idle=50)
        assert is_in(browser)


def test_d11_it_holds_from_the_next_request_on(stage):
    browser = stage.browser("max")
    age(stage.max, idle=61)
    before = list(Session.objects.filter(user=stage.max).values_list())

    limit("open", timeout=60)

    assert list(Session.objects.filter(user=stage.max).values_list()) == before
    assert not is_in(browser)


def test_d11_the_owners_own_session_too(stage):
    browser = stage.browser("olga")
    Session.objects.filter(user=stage.olga).update(created_at=timezone.now() - timedelta(minutes=90))

    browser.post(UPDATE, {"session_remember": "60"})

    assert not is_in(browser)


# ---------------------------------------------------------------- in total


@pytest.mark.parametrize(("minutes", "alive"), [(1440 - 1, True), (1440 + 1, False)])
def test_se_02_r48_a_day_and_a_minute_of_use(stage, minutes, alive):
    limit("open", remember=1440)
    browser = stage.browser("max")

    age(stage.max, since=minutes)

    assert is_in(browser) is alive


# ---------------------------------------------------------------- whose rule


def test_d11_the_strictest_of_several_organizations(stage):
    limit("open", timeout=120, remember=600)
    limit("fort", timeout=600, remember=120)
    browser = stage.browser("max")

    age(stage.max, idle=121)
    assert not is_in(browser)
    age(stage.max, idle=119)
    assert is_in(browser)
    age(stage.max, since=121)
    assert not is_in(browser)


def test_d11_of_other_peoples_organizations_none(stage):
    limit("open", timeout=60)
    browser = stage.browser("oscar")

    age(stage.oscar, idle=300)

    assert is_in(browser)


def test_d11_an_invitation_shortens_nothing_until_it_is_accepted(stage):
    limit("open", timeout=60)
    browser = stage.browser("eve")
    organization = Organization.objects.get(name="open")
    invitation = invitations.invite(organization, "eve", actor=actor_of(stage.olga))

    age(stage.eve, idle=61)
    assert is_in(browser)
    browser.post(f"/app/settings/organizations/{invitation.pk}/accept")
    age(stage.eve, idle=61)

    assert not is_in(browser)


def test_d24_an_invitation_says_what_it_would_shorten(stage):
    limit("open", timeout=60)
    invitations.invite(Organization.objects.get(name="open"), "eve", actor=actor_of(stage.olga))

    page = " ".join(stage.browser("eve").get("/app/settings/organizations").content.decode().split())

    assert "we sign you out after 1 hour of inactivity." in page
    assert "you have to sign in again" not in page


def test_d11_leaving_lifts_it(stage):
    limit("open", timeout=60)
    browser = stage.browser("mia")
    browser.post("/app/open/leave")

    age(stage.mia, idle=300)

    assert is_in(browser)


def test_d11_a_locked_out_member_is_a_member(stage):
    limit("fort", timeout=60)
    browser = stage.browser("mia")

    age(stage.mia, idle=61)

    assert not is_in(browser)


def test_a_pending_login_keeps_its_ten_minutes(stage):
    limit("open", timeout=60, remember=60)
    client = Client()
    people.post_password(client, stage.max)
    Session.objects.filter(pending_user=stage.max).update(
        created_at=timezone.now() - timedelta(minutes=9),
        last_used_at=timezone.now() - timedelta(minutes=9),
    )

    response = client.post(CHALLENGE, {"code": stage.apps["max"].fresh_code()})

    assert response["Location"] == "/app"
    assert is_in(client)


def test_the_time_begins_with_the_second_factor_not_with_the_password(stage):
    limit("open", remember=60)
    client = people.sign_in(stage.max, stage.apps["max"])

    created_at = Session.objects.filter(user=stage.max).latest("id").created_at

    assert is_in(client)
    assert timezone.now() - created_at < timedelta(minutes=1)
