"""Whoever goes as the only owner hands over in the same step, by the same rules as any other new owner."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, RateLimit, User
from organizations.models import Membership
from tests.support.invariants import broken
from tests.support.organizations import found, let_sudo_expire, membership_of
from tests.support.pages import words_of

LEAVE = "/app/acme/leave"


@pytest.fixture
def sole(stage):
    """olga is the only owner of acme, with max, mia and una; olga and max have two-factor."""
    found("acme", stage.olga, members=[stage.max, stage.mia, stage.una])
    return stage


def owners(name="acme"):
    rows = Membership.objects.owners().filter(organization__name=name).order_by("username")
    return [row.username for row in rows]


def events(*kinds):
    return [
        (event.event.partition(".")[2], event.actor, event.data.get("member"))
        for event in AuditEvent.objects.filter(event__in=[f"organization.{kind}" for kind in kinds]).order_by(
            "pk"
        )
    ]


def test_the_only_owner_leaves_and_names_the_next_one(sole, mailoutbox):
    browser = sole.browser("olga")
    page = browser.get(LEAVE)
    assert "You are the only active owner of acme." in words_of(page)
    assert '<option value="max">' in page.content.decode()
    before = AuditEvent.objects.count()
    mailoutbox.clear()

    response = browser.post(LEAVE, {"successor": "MAX"})

    assert response.status_code == 302
    assert owners() == ["max"]
    assert not Membership.objects.filter(organization__name="acme", user=sole.olga).exists()
    recorded = AuditEvent.objects.order_by("pk")[before:]
    assert [(event.event, event.data["member"]) for event in recorded] == [
        ("organization.owner_added", "max"),
        ("organization.member_left", "olga"),
    ]
    assert "You are now an owner" in next(mail.body for mail in mailoutbox if mail.to == ["max@example.com"])
    assert broken() == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Enter the username of a member."),
        ("olga", "“olga” isn't another member of acme."),
        ("nobody", "“nobody” isn't another member of acme."),
        ("eve", "“eve” isn't another member of acme."),
        ("x" * 200, "Use at most"),
        ("max\x00", "character that you can't type"),
    ],
)
def test_a_name_that_fits_nobody_is_said_beside_it_and_nothing_happens(sole, name, said):
    sole.browser("olga").post("/app/acme/settings/users/add", {"username": "eve"})

    response = sole.browser("olga").post(LEAVE, {"successor": name})

    assert response.status_code == 422
    assert said in words_of(response)
    assert owners() == ["olga"]
    assert broken() == []


def test_the_next_owner_needs_two_factor_where_it_is_required(sole):
    sole.browser("olga").post("/app/acme/settings/authentication/require-two-factor")
    page = sole.browser("olga").get(LEAVE).content.decode()
    assert '<option value="max">' in page
    assert '<option value="mia">' not in page

    response = sole.browser("olga").post(LEAVE, {"successor": "mia"})

    assert response.status_code == 422
    assert "mia hasn't enabled it. All owners need it." in words_of(response)
    assert owners() == ["olga"]
    assert sole.browser("olga").post(LEAVE, {"successor": "max"}).status_code == 302
    assert owners() == ["max"]


def test_a_deactivated_account_is_no_next_owner(sole):
    User.objects.filter(pk=sole.max.pk).update(is_active=False)

    response = sole.browser("olga").post(LEAVE, {"successor": "max"})

    assert response.status_code == 422
    assert "The account of max is deactivated" in words_of(response)
    assert owners() == ["olga"]


def test_who_is_locked_out_hands_nothing_over(sole):
    """An owner whose two-factor was removed by force may go, but decides nothing any more."""
    sole.browser("olga").post("/app/acme/settings/authentication/require-two-factor")
    User.objects.filter(pk=sole.olga.pk).update(
        two_factor_enabled_at=None, two_factor_forced_off_at=timezone.now()
    )
    browser = sole.browser("olga")

    page = browser.get(LEAVE)
    response = browser.post(LEAVE, {"successor": "max"})

    assert 'name="successor"' not in page.content.decode()
    assert response.status_code == 422
    assert owners() == ["olga"]


def test_it_takes_a_fresh_proof(sole):
    browser = sole.browser("olga")
    let_sudo_expire(sole.olga)

    response = browser.post(LEAVE, {"successor": "max"})

    assert response["Location"].startswith("/session/sudo")
    assert owners() == ["olga"]


@pytest.mark.parametrize("name", ["max", "una"])
def test_who_is_no_owner_or_not_the_only_one_makes_nobody_an_owner_by_leaving(sole, name):
    sole.browser(name).post("/app/open/leave", {"successor": "mia"})

    assert "mia" not in owners("open")


def test_two_leave_and_name_each_other_one_after_the_other(sole):
    sole.browser("olga").post(LEAVE, {"successor": "max"})

    response = sole.browser("max").post(LEAVE, {"successor": "olga"})

    assert response.status_code == 422
    assert owners() == ["max"]


def test_a_used_up_budget_of_news_keeps_from_naming_but_not_from_leaving(sole):
    RateLimit.objects.all().delete()
    sole.browser("olga").post(LEAVE, {"successor": "nobody"})
    RateLimit.objects.filter(key__startswith="organization:news:").update(count=60)

    assert sole.browser("olga").post(LEAVE, {"successor": "max"}).status_code == 429
    assert owners() == ["olga"]
    assert sole.browser("olga").post("/app/open/leave").status_code == 302


# ---------------------------------------------------------------- removing an owner


@pytest.mark.parametrize("action", ["remove", "unmake-owner"])
def test_an_owner_is_removed_and_another_member_becomes_one_in_the_same_step(stage, action):
    row = f"/app/open/settings/users/{membership_of(stage.una, 'open').pk}/{action}"
    assert "Next owner" in words_of(stage.browser("olga").get(row))

    response = stage.browser("olga").post(row, {"successor": "max"})

    assert response.status_code == 302
    assert owners("open") == ["max", "olga"]
    assert broken() == []


@pytest.mark.parametrize("action", ["remove", "unmake-owner"])
def test_removing_oneself_as_the_only_owner_takes_a_next_one(sole, action):
    row = f"/app/acme/settings/users/{membership_of(sole.olga, 'acme').pk}/{action}"
    assert sole.browser("olga").post(row, {}).status_code == 422
    assert owners() == ["olga"]

    assert sole.browser("olga").post(row, {"successor": "max"}).status_code == 302

    assert owners() == ["max"]


@pytest.mark.parametrize("action", ["remove", "unmake-owner"])
def test_a_next_owner_who_can_not_be_one_is_said_beside_the_name(stage, action):
    row = f"/app/open/settings/users/{membership_of(stage.una, 'open').pk}/{action}"

    response = stage.browser("olga").post(row, {"successor": "una"})

    assert response.status_code == 422
    assert "“una” isn't another member of open." in words_of(response)
    assert owners("open") == ["olga", "una"]


def test_removing_a_member_offers_no_next_owner(stage):
    row = f"/app/open/settings/users/{membership_of(stage.max, 'open').pk}/remove"

    assert "Next owner" not in words_of(stage.browser("olga").get(row))
    stage.browser("olga").post(row, {"successor": "mia"})

    assert owners("open") == ["olga", "una"]
