"""Adding people, and what they answer (D24)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.management import due_work
from accounts.models import AuditEvent
from accounts.models.public_ids import public_id
from organizations.members import invitations
from organizations.models import Membership
from tests.api.clients import api_client
from tests.support import people
from tests.support.crawler import CrawledPage
from tests.support.invariants import broken
from tests.support.organizations import counts_of
from tests.support.two_factor import text_of

ADD = "/app/open/settings/users/add"
MINE = "/app/settings/organizations"


def add(stage, who, by="una"):
    return stage.browser(by).post(ADD, {"username": who})


def invitation(**wanted):
    return Membership.objects.invited().get(organization__name="open", **wanted)


def accept(browser, membership):
    return browser.post(f"{MINE}/{membership.pk}/accept")


def decline(browser, membership):
    return browser.post(f"{MINE}/{membership.pk}/decline")


def expire(membership):
    Membership.objects.filter(pk=membership.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_somebody_who_is_added_decides_himself(stage):
    add(stage, "EVE")
    browser = stage.browser("eve")
    assert browser.get("/app/open").status_code == 404
    assert "una has invited you." in browser.get(MINE).content.decode()

    response = accept(browser, invitation(user=stage.eve))

    assert response["Location"] == "/app/open"
    assert browser.get("/app/open").status_code == 200
    assert counts_of("open") == (5, 2, 0)
    assert broken() == []


def test_d43_an_invitation_from_a_clock_that_was_ahead_is_open_for_no_more_than_seven_days(stage):
    add(stage, "eve")
    open_one = invitation()
    ends_at = timezone.now() + timedelta(days=7, hours=25)
    Membership.objects.filter(pk=open_one.pk).update(expires_at=ends_at)
    browser, program = stage.browser("eve"), api_client(stage.eve)

    assert accept(browser, open_one).status_code == 404
    assert "una has invited you." not in browser.get(MINE).content.decode()
    assert program.get("/organization-memberships").json()["data"] == []
    assert program.get(f"/organization-memberships/{public_id('ou', open_one.pk)}").status_code == 404

    add(stage, "eve")  # renewed
    assert "una has invited you." in browser.get(MINE).content.decode()
    assert accept(browser, invitation())["Location"] == "/app/open"


def test_sf5_invitations_that_nobody_answers_do_not_pile_up(stage, monkeypatch):
    monkeypatch.setattr(invitations, "BATCH", 2)
    for who in ("eve", *(f"somebody{n}@example.com" for n in range(5))):
        add(stage, who)
    Membership.objects.invited().update(expires_at=timezone.now() - timedelta(days=30))
    kept = invitation(email="somebody4@example.com")
    Membership.objects.filter(pk=kept.pk).update(expires_at=timezone.now() - timedelta(days=29))
    assert counts_of("open") == (4, 2, 6)

    assert due_work.steps["expired invitations deleted"].work() == 5

    assert list(Membership.objects.invited()) == [kept]
    assert counts_of("open") == (4, 2, 1)
    assert broken() == []
    add(stage, "somebody4@example.com")  # renewed
    assert not invitation().is_expired


def test_an_invitation_shows_nothing_of_the_invited(stage):
    """So no owner sees a stranger's two-factor state or address."""
    add(stage, "eve")

    page = text_of(stage.browser("una").get("/app/open/settings/users?status=invited"))

    assert "eve" in page
    assert "2FA" not in page
    assert "eve@example.com" not in page
    assert invitation().two_factor_enabled is False


def test_declining_leaves_no_trace_on_the_lists(stage):
    add(stage, "eve")

    response = decline(stage.browser("eve"), invitation())

    assert response["Location"] == MINE
    assert not Membership.objects.filter(user=stage.eve).exists()
    assert counts_of("open") == (4, 2, 0)
    assert AuditEvent.objects.filter(event="organization.invitation_declined").count() == 1


def test_an_address_binds_once_it_is_confirmed(stage):
    dora = people.make_user("dora", email_confirmed_at=None)
    add(stage, "Dora@Example.com")
    browser = people.sign_in(dora)
    assert accept(browser, invitation()).status_code == 404

    type(dora).objects.filter(pk=dora.pk).update(email_confirmed_at=timezone.now())

    assert accept(browser, invitation()).status_code == 302
    assert browser.get("/app/open").status_code == 200


def test_unconfirmed_people_see_their_invitation_and_cannot_accept_it(stage):
    dora = people.make_user("dora", email_confirmed_at=None)
    add(stage, "dora")
    browser = people.sign_in(dora)

    response = accept(browser, invitation())

    assert response.status_code == 422
    assert "Confirm your email address first." in response.content.decode()
    assert Membership.objects.invited().count() == 1


def test_or06_an_invitation_is_for_one_person_only(stage):
    add(stage, "eve@example.com")

    assert accept(stage.browser("root"), invitation()).status_code == 404
    assert decline(stage.browser("root"), invitation()).status_code == 404
    assert Membership.objects.invited().count() == 1


def test_or06_an_invitation_works_once(stage):
    add(stage, "eve")
    membership = invitation()

    assert accept(stage.browser("eve"), membership).status_code == 302
    assert accept(stage.browser("eve"), membership).status_code == 404
    assert decline(stage.browser("eve"), membership).status_code == 404
    assert counts_of("open") == (5, 2, 0)


def test_or06_a_revoked_invitation_is_worth_nothing(stage):
    add(stage, "eve@example.com")
    membership = invitation()

    stage.browser("una").post(f"/app/open/settings/users/{membership.pk}/remove")

    assert accept(stage.browser("eve"), membership).status_code == 404
    assert counts_of("open") == (4, 2, 0)
    assert AuditEvent.objects.filter(event="organization.invitation_revoked").count() == 1


@pytest.mark.parametrize("pk", ["0", "999999999", "9" * 30])
def test_unknown_invitations_are_not_found(stage, pk):
    assert stage.browser("eve").post(f"{MINE}/{pk}/accept").status_code == 404


def test_an_invitation_expires_after_seven_days_and_is_renewed_by_adding_again(stage):
    add(stage, "eve")
    assert invitation().expires_at - timezone.now() > timedelta(days=6, hours=23)
    expire(invitation())
    assert accept(stage.browser("eve"), invitation()).status_code == 404
    assert "una invites you" not in stage.browser("eve").get(MINE).content.decode()
    assert "Expired" in stage.browser("una").get("/app/open/settings/users?status=invited").content.decode()

    add(stage, "eve", by="olga")

    assert accept(stage.browser("eve"), invitation()).status_code == 302
    assert counts_of("open") == (5, 2, 0)


def test_invited_by_name_and_by_address_is_one_membership(stage):
    add(stage, "eve")
    add(stage, "eve@example.com")

    accept(stage.browser("eve"), invitation(user=None))

    assert Membership.objects.filter(organization__name="open", user=stage.eve).count() == 1
    assert counts_of("open") == (5, 2, 0)


def test_an_address_of_a_member_asks_nothing_and_changes_nothing(stage):
    add(stage, "max@example.com")

    assert "invites you" not in stage.browser("max").get(MINE).content.decode()
    assert accept(stage.browser("max"), invitation()).status_code == 302
    assert counts_of("open") == (4, 2, 0)
    assert broken() == []


def test_or05_locked_out_people_can_accept_and_then_enrol(stage):
    newcomer = people.make_user("newcomer")
    stage.browser("olga").post("/app/fort/settings/users/add", {"username": "newcomer"})
    browser = people.sign_in(newcomer)
    assert "Two-factor required" in browser.get(MINE).content.decode()

    accept(browser, Membership.objects.invited().get())
    assert browser.get("/app/fort")["Location"].startswith("/app/fort/locked-out")
    people.enrol(newcomer, browser)

    assert browser.get("/app/fort").status_code == 200


def test_invited_people_are_no_members_yet(stage):
    add(stage, "eve")
    membership = invitation()

    response = stage.browser("una").post(f"/app/open/settings/users/{membership.pk}/make-owner")

    assert response.status_code == 422
    assert stage.browser("eve").get("/app/open").status_code == 404
    assert stage.browser("eve").post("/app/open/leave").status_code == 404


def test_the_start_page_shows_invitations_and_answering_there_leads_back(stage):
    add(stage, "eve")
    browser = stage.browser("eve")

    page = browser.get("/app").content.decode()

    assert "una has invited you." in page
    [declining] = [form for form in CrawledPage("/app", page).forms if form.action.endswith("/decline")]
    answered = browser.post(declining.action, {"next": "/app"})
    assert answered["Location"] == "/app"
    assert "You have declined the invitation to open." in browser.get("/app").content.decode()
