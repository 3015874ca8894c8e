"""People whose accounts are deactivated are not forgotten: as owners, on lists, by administrators."""

import io

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.support.invariants import broken
from tests.support.organizations import found, join, membership_of
from tests.support.people import make_user
from tests.support.two_factor import text_of

MINE = "/app/settings/organizations"


WITHOUT = ["--without-successor", "nobody is left"]


def act(user, action="deactivate"):
    return f"/admin/accounts/user/{user.pk}/act/{action}/"


def deactivate(user):
    call_command("deactivate_user", user.username, "--reason", "left", *WITHOUT, stdout=io.StringIO())


@pytest.fixture
def owned(stage):
    """una is the only owner of acme and globex, and one of two of open."""
    found("acme", stage.una, members=[stage.mia])
    found("globex", stage.una)
    return stage


def without_successor(browser, user):
    """What the form sends when somebody is deactivated and nobody follows."""
    shown = browser.get(act(user)).context["form"]["shown"].value()
    return {"reason": "left", "without_successor": "nobody is left", "shown": shown}


# ---------------------------------------------------------------- before it is done


def test_pf7_the_page_names_them_and_the_mail_says_why_there_is_nobody(
    owned, django_capture_on_commit_callbacks
):
    root = owned.browser("root")

    page = text_of(root.get(act(owned.una)))
    assert "una is the only active owner of these organizations" in page
    assert "<li>acme</li><li>globex</li>" in page
    assert "<li>open</li>" not in page

    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        response = root.post(act(owned.una), without_successor(root, owned.una))
    assert response.status_code == 302
    assert not User.objects.get(pk=owned.una.pk).is_active
    [told] = [message for message in mail.outbox if message.to == ["root@example.com"]]
    said = " ".join(told.body.split())
    assert "The organization acme has no active owner: nobody is left" in said
    assert "The organization globex has no active owner: nobody is left" in said
    assert broken() == []


def test_pf7_a_reason_that_is_missing_shows_them_again(owned):
    response = owned.browser("root").post(act(owned.una), {"reason": ""})

    assert response.status_code == 422
    assert "<li>acme</li><li>globex</li>" in text_of(response)


def test_pf7_an_owner_who_is_inactive_is_not_the_other_owner(owned):
    assert "<li>open</li>" not in text_of(owned.browser("root").get(act(owned.una)))
    deactivate(owned.olga)

    page = text_of(owned.browser("root").get(act(owned.una)))

    assert "<li>acme</li><li>globex</li><li>open</li>" in page


def test_pf7_without_organizations_there_is_no_warning(owned):
    for user in (owned.mia, owned.eve):
        assert "only active owner" not in text_of(owned.browser("root").get(act(user)))


# ---------------------------------------------------------------- what a sole owner can't do


def test_pf7_a_sole_owner_of_nobody_else_can_not_leave(owned):
    browser = owned.browser("una")
    page = text_of(browser.get(MINE))
    assert 'href="/app/open/leave"' in page
    assert page.count("You are the only active owner: name the next one when you leave.") == 2

    page = text_of(browser.get("/app/globex/leave"))
    assert "You are the only active owner of globex, and no other member can become an owner yet" in page
    assert "<button" not in page.split("<main")[1]
    assert browser.post("/app/globex/leave").status_code == 422


def test_pf7_the_last_active_owner_is_the_only_one(owned):
    deactivate(owned.olga)
    browser = owned.browser("una")

    assert text_of(browser.get(MINE)).count("You are the only active owner") == 3
    assert "You are the only active owner of open" in text_of(browser.get("/app/open/leave"))
    page = text_of(browser.get("/app/open/settings/users"))
    assert f"/users/{membership_of(owned.una, 'open').pk}/unmake-owner" not in page
    assert f"/users/{membership_of(owned.una, 'open').pk}/remove" not in page
    assert f"/users/{membership_of(owned.olga, 'open').pk}/remove" in page
    assert (
        "You are the only active owner. Make another member an owner before you leave or step down." in page
    )


@pytest.mark.parametrize("query", ["", "?q=una", "?without_two_factor=on"])
def test_pf7_whatever_part_of_the_list_is_shown(owned, query):
    path = "settings/users" + query
    assert "unmake-owner" not in text_of(owned.browser("una").get(f"/app/acme/{path}"))
    assert "unmake-owner" in text_of(owned.browser("una").get(f"/app/open/{path}"))


def test_pf7_the_only_owner_of_many_members_is_found_on_each_page(owned):
    acme = membership_of(owned.una, "acme").organization
    for number in range(25):
        join(acme, make_user(f"z{number:02}"))

    assert "You are the only active owner." in text_of(owned.browser("una").get("/app/acme/settings/users"))
    further = text_of(owned.browser("una").get("/app/acme/settings/users?after=z00,1"))
    assert "You are the only active owner." not in further


# ---------------------------------------------------------------- on lists, and when they come back


def test_pf7_owners_see_whose_account_is_deactivated(owned):
    assert "Deactivated" not in text_of(owned.browser("una").get("/app/open/settings/users"))
    deactivate(owned.max)

    page = text_of(owned.browser("una").get("/app/open/settings/users"))

    assert page.count("Deactivated") == 1
    [row] = [row for row in page.split("<tr>") if "max@example.com" in row]
    assert "Deactivated" in row
    assert "Deactivated" not in text_of(owned.browser("mia").get("/app/open"))


def test_pf7_an_inactive_owner_without_two_factor_still_prevents_requiring_it(owned):
    """So nobody gets in without it by being activated again."""
    deactivate(owned.una)
    owned.browser("olga").post("/app/open/settings/authentication/require-two-factor")

    assert not membership_of(owned.una, "open").organization.is_mandatory


def test_pf7_an_admin_can_not_take_two_factor_from_an_inactive_owner_either(owned):
    deactivate(owned.oscar)
    path = act(owned.oscar, "disable-two-factor")

    assert "oscar owns fort" in text_of(owned.browser("root").get(path))
    assert owned.browser("root").post(path, {"reason": "lost"}).status_code == 422
    assert User.objects.get(pk=owned.oscar.pk).is_enrolled


def test_pf7_invitations_do_not_reach_inactive_people(owned, django_capture_on_commit_callbacks):
    deactivate(owned.eve)

    response = owned.browser("una").post("/app/open/settings/users/add", {"username": "eve"})

    assert response.status_code == 422
    assert "There is no user with that name." in text_of(response)


def test_pf7_a_deactivated_member_does_not_become_an_owner(owned):
    deactivate(owned.max)
    browser, pk = owned.browser("una"), membership_of(owned.max, "open").pk

    assert f"/users/{pk}/make-owner" not in text_of(browser.get("/app/open/settings/users"))
    response = browser.post(f"/app/open/settings/users/{pk}/make-owner")

    assert response.status_code == 422
    assert "The account of max is deactivated" in text_of(response)
    assert not membership_of(owned.max, "open").is_owner


def test_pf7_who_prevents_requiring_it_and_is_deactivated_is_marked(owned):
    deactivate(owned.una)
    browser = owned.browser("olga")

    assert "una (deactivated)" in text_of(browser.get("/app/open/settings/authentication"))
    response = browser.post("/app/open/settings/authentication/require-two-factor")
    assert "una (deactivated)" in text_of(response)


def test_pf7_mails_count_active_owners(owned, django_capture_on_commit_callbacks):
    root = owned.browser("root")
    sent = without_successor(root, owned.una)
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        root.post(act(owned.una), sent)

    [told] = [message for message in mail.outbox if message.to == ["olga@example.com"]]
    assert "The organization now has 1 owner." in " ".join(told.body.split())


def test_pf7_an_owner_without_two_factor_does_not_come_back_where_it_is_required(owned):
    """Only somebody who writes into the database gets an owner there."""
    deactivate(owned.oscar)
    User.objects.filter(pk=owned.oscar.pk).update(two_factor_enabled_at=None)

    response = owned.browser("root").post(act(owned.oscar, "reactivate"), {"reason": "is back"})

    assert response.status_code == 422
    assert "oscar owns an organization that requires two-factor" in text_of(response)
    assert "plain member there first" in text_of(response)
    with pytest.raises(CommandError, match="fort"):
        call_command("reactivate_user", "oscar", "--reason", "is back")
    assert not User.objects.get(pk=owned.oscar.pk).is_active


def test_pf7_an_owner_whom_break_glass_left_without_it_comes_back_and_is_locked_out(owned):
    call_command("disable_two_factor", "oscar", "--reason", "x", "--break-glass", stdout=io.StringIO())
    deactivate(owned.oscar)

    call_command("reactivate_user", "oscar", "--reason", "is back", stdout=io.StringIO())

    assert User.objects.get(pk=owned.oscar.pk).is_active
    assert broken() == []


def test_pf7_doctor_notes_tokens_of_deactivated_makers(owned):
    path = "/app/acme/settings/authentication-tokens/organization/create"
    assert owned.browser("una").post(path, {"expires": "30"}).status_code == 200
    deactivate(owned.una)
    out = io.StringIO()
    call_command("doctor", stdout=out)

    assert "acme: the account of una, who made" in out.getvalue()
    assert "acme has no active owner" in out.getvalue()
