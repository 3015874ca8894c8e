"""Requiring two-factor authentication, and what it does to whom."""

import pytest
from django.core import mail

from accounts.audit import Actor
from accounts.exceptions import TwoFactorRemovalRefused
from accounts.models import AuditEvent, Session
from accounts.two_factor.removal import disable
from organizations.models import Organization
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import (
    counts_of,
    found,
    is_mandatory,
    let_sudo_expire,
    membership_of,
    require,
)
from tests.support.two_factor import sudo_page, text_of

AUTHENTICATION = "/app/open/settings/authentication"
REQUIRE = f"{AUTHENTICATION}/require-two-factor"
LIFT = "/app/fort/settings/authentication/disable-two-factor"


def policy_events():
    return AuditEvent.objects.filter(event="organization.auth_policy_changed", door="html")


def readers(subject):
    return sorted(message.to[0].partition("@")[0] for message in mail.outbox if subject in message.subject)


def test_requiring_is_recorded_once(stage):
    stage.enrol("una")

    stage.browser("olga").post(REQUIRE)
    again = stage.browser("olga").post(REQUIRE)

    assert again.status_code == 302
    [event] = policy_events()
    assert (event.actor, event.subject, event.data) == (
        "user:olga",
        "organization:open",
        {"policy": "two_factor_mandatory"},
    )


def test_lifting_is_recorded_once(stage):
    for _ in range(2):
        assert stage.browser("oscar").post(LIFT).status_code == 302

    assert not is_mandatory("fort")
    assert policy_events().count() == 1


def test_both_need_sudo_and_are_not_replayed(stage):
    stage.enrol("una")
    browser = stage.browser("olga")
    let_sudo_expire(stage.olga)

    response = browser.post(REQUIRE)

    assert response["Location"] == sudo_page(REQUIRE, REQUIRE)
    assert browser.post(LIFT)["Location"].startswith("/session/sudo")
    assert (is_mandatory("open"), is_mandatory("fort")) == (False, True)


def test_members_without_it_and_owners_are_told(stage):
    stage.enrol("una")
    mail.outbox.clear()

    stage.browser("olga").post(REQUIRE)

    assert readers("open requires two-factor") == ["mia"]
    assert readers("open now requires two-factor") == ["olga", "una"]


def test_owners_are_told_when_it_is_lifted(stage):
    mail.outbox.clear()

    stage.browser("oscar").post(LIFT)

    assert readers("fort no longer requires") == ["olga", "oscar"]


def test_or13_owners_see_who_is_missing_and_members_do_not(stage):
    owner = stage.browser("olga").post(REQUIRE)
    member = stage.browser("max").post(REQUIRE)

    assert owner.status_code == 422
    assert "hasn&#x27;t enabled it: una." in owner.content.decode()
    assert member.status_code == 403
    assert "una" not in text_of(member)
    assert "una" not in text_of(stage.browser("max").get(AUTHENTICATION))


def test_or14_the_button_is_disabled_and_a_post_is_refused(stage):
    browser = stage.browser("una")

    page = browser.get(AUTHENTICATION).content.decode()
    response = browser.post(REQUIRE)

    assert 'disabled aria-describedby="missing-owners">Require two-factor</button>' in page
    assert "<li>una (you:" in page
    assert response.status_code == 422
    assert not is_mandatory("open")


def test_the_page_tells_how_many_it_would_lock_out(stage):
    stage.enrol("una")

    page = stage.browser("olga").get(AUTHENTICATION).content.decode()

    assert "this would lock out 1 of 4 members." in page
    assert "/app/open/settings/authentication/rehearsal?methods=any" in page
    assert "disabled" not in page


def test_members_read_the_policy_only(stage):
    page = stage.browser("max").get("/app/fort/settings/authentication").content.decode()

    assert "This organization requires two-factor authentication for all members." in page
    assert "disable-two-factor" not in page


def test_di09_an_owner_of_a_mandatory_organization_cannot_disable(stage):
    response = stage.browser("oscar").post("/app/settings/two-factor/disable", {"password": people.PASSWORD})

    assert response.status_code == 422
    assert "fort" in response.content.decode()
    stage.oscar.refresh_from_db()
    assert stage.oscar.is_enrolled
    assert broken() == []


def test_d4_the_page_before_disabling_names_what_gets_locked(stage):
    page = stage.browser("max").get("/app/settings/two-factor/disable").content.decode()

    assert "<li>fort</li>" in page


def test_or12_not_even_an_admin_removes_the_two_factor_of_an_owner(stage):
    admin = Actor(user=stage.root, ip=None, user_agent="", door="admin")

    with pytest.raises(TwoFactorRemovalRefused, match="fort"):
        disable(stage.oscar, actor=admin, reason="lost phone")

    assert broken() == []


def test_or12_break_glass_leaves_the_owner_out_and_says_so(stage):
    disable(stage.oscar, actor=Actor.command(), reason="lost phone", forced=True)

    assert AuditEvent.objects.get(event="two_factor.disabled").data["forced"] is True
    assert membership_of(stage.oscar, "fort").two_factor_enabled is False
    assert counts_of("fort") == (4, 2, 0)
    assert people.sign_in(stage.oscar).get("/app/fort")["Location"].startswith("/app/fort/locked-out")
    assert broken() == []


def test_the_mirror_and_the_counts_follow_enrolment(stage):
    assert counts_of("open") == (4, 2, 0)

    people.enrol(stage.mia, stage.browser("mia"))

    assert membership_of(stage.mia, "open").two_factor_enabled
    assert membership_of(stage.mia, "fort").two_factor_enabled
    assert (counts_of("open"), counts_of("fort")) == ((4, 1, 0), (4, 0, 0))
    assert broken() == []


def test_the_sudo_of_an_enrolled_owner_also_verifies(stage):
    """Otherwise an owner whose session is not verified would lock himself out with his own click."""
    stage.enrol("una")
    browser = stage.browser("una")
    Session.objects.filter(user=stage.una).update(verified_at=None)

    step_up = browser.post(REQUIRE)["Location"]
    browser.post(step_up, {"code": stage.apps["una"].fresh_code()})
    browser.post(REQUIRE)

    assert is_mandatory("open")
    assert browser.get("/app/open").status_code == 200


def test_many_missing_owners_are_cut_short(stage):
    crowd = [people.make_user(f"owner{number:02}") for number in range(12)]
    found("crowd", crowd[0], owners=crowd[1:])

    page = people.sign_in(crowd[0]).post("/app/crowd/settings/authentication/require-two-factor")

    assert page.status_code == 422
    assert "owner09 and 2 more." in page.content.decode()


def test_lifting_and_requiring_again_starts_a_new_since(stage):
    fort = Organization.objects.get(name="fort")
    stage.browser("olga").post(LIFT)
    require(fort)

    assert Organization.objects.get(name="fort").auth_policy_changed_at > fort.auth_policy_changed_at
