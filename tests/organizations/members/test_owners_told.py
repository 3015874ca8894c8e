"""Whoever becomes or stops being an owner, through whichever door: all owners and the person are told."""

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.outbox import delivery
from accounts.users import administration
from organizations.members import memberships
from organizations.models import Membership, Organization
from tests.api.clients import ApiClient
from tests.api.programs import ou, program, team
from tests.organizations.members.owners import USERS, on_page, owners_token, these, unwrapped
from tests.support import people
from tests.support.organizations import SERVER, join, membership_of
from tests.support.people import make_user

MADE, MADE_YOU = "max is now an owner of open", "You are now an owner of open"
GONE, GONE_YOU = "una is no longer an owner of open", "You are no longer an owner of open"
BY_TOKEN = "a program with the team token of the owners, created by olga"


def over_api(stage, how, method, target, by="olga"):
    client = ApiClient(owners_token(stage)) if by == "token" else program(stage, by)
    user = stage.people[target]
    if how == "row":
        return client.delete(f"/organization-memberships/{ou(user)}")
    kind = "users" if how == "users" else "organization-memberships"
    pk = user.username if how == "users" else ou(user)
    return client.send(method, f"/teams/{team()}/relationships/{kind}", these(kind, pk))


def delete_account(stage):
    form = {"password": people.PASSWORD, "username": "una"}
    return stage.browser("una").post("/app/settings/profile/delete", form)


def by_admin(stage, action):
    if action == "reactivate":
        administration.deactivate(stage.una, reason="gone", actor=SERVER)
    if action == "disable-two-factor":
        stage.enrol("una")
    return stage.browser("root").post(
        f"/admin/accounts/user/{stage.una.pk}/act/{action}/", {"reason": "asked for"}
    )


def break_glass(stage):
    stage.enrol("una")
    call_command("disable_two_factor", "una", "--reason", "lost", "--break-glass")
    delivery.send_due()


# door: (act, subject to the other owners, subject to the person or None, person, by, owners afterwards)
DOORS = {
    "made on the page": (
        lambda stage: on_page(stage, "una", "max", "make-owner"),
        (MADE, MADE_YOU, "max", "una", 3),
    ),
    "made over the API by name": (
        lambda stage: over_api(stage, "users", "POST", "max"),
        (MADE, MADE_YOU, "max", "olga, with an API token", 3),
    ),
    "made over the API by membership": (
        lambda stage: over_api(stage, "memberships", "POST", "max"),
        (MADE, MADE_YOU, "max", "olga, with an API token", 3),
    ),
    "made by the owners' token": (
        lambda stage: over_api(stage, "users", "POST", "max", by="token"),
        (MADE, MADE_YOU, "max", BY_TOKEN, 3),
    ),
    "unmade on the page": (
        lambda stage: on_page(stage, "olga", "una", "unmake-owner"),
        (GONE, GONE_YOU, "una", "olga", 1),
    ),
    "unmade over the API by name": (
        lambda stage: over_api(stage, "users", "DELETE", "una"),
        (GONE, GONE_YOU, "una", "olga, with an API token", 1),
    ),
    "unmade over the API by membership": (
        lambda stage: over_api(stage, "memberships", "DELETE", "una"),
        (GONE, GONE_YOU, "una", "olga, with an API token", 1),
    ),
    "unmade by the owners' token": (
        lambda stage: over_api(stage, "users", "DELETE", "una", by="token"),
        (GONE, GONE_YOU, "una", BY_TOKEN, 1),
    ),
    "unmade by themselves": (
        lambda stage: on_page(stage, "una", "una", "unmake-owner"),
        (GONE, GONE_YOU, "una", "una", 1),
    ),
    "removed on the page": (
        lambda stage: on_page(stage, "olga", "una", "remove"),
        (GONE, GONE_YOU, "una", "olga", 1),
    ),
    "removed over the API": (
        lambda stage: over_api(stage, "row", "DELETE", "una"),
        (GONE, GONE_YOU, "una", "olga, with an API token", 1),
    ),
    "removed by the owners' token": (
        lambda stage: over_api(stage, "row", "DELETE", "una", by="token"),
        (GONE, GONE_YOU, "una", BY_TOKEN, 1),
    ),
    "left": (
        lambda stage: stage.browser("una").post("/app/open/leave"),
        (GONE, GONE_YOU, "una", "una", 1),
    ),
    "account deleted": (
        delete_account,
        (GONE, "Your account was deleted", "una", "una", 1),
    ),
    "account deactivated": (
        lambda stage: by_admin(stage, "deactivate"),
        (
            "The account of una in open was deactivated",
            "Your account was deactivated",
            "una",
            "a site admin",
            1,  # who can act
        ),
    ),
    "account reactivated": (
        lambda stage: by_admin(stage, "reactivate"),
        (
            "The account of una, an owner of open, is active again",
            None,
            "una",
            "a site admin",
            2,
        ),
    ),
    "two-factor removed by an admin": (
        lambda stage: by_admin(stage, "disable-two-factor"),
        (
            "una, an owner of open, no longer has two-factor authentication",
            "Two-factor authentication was removed",
            "una",
            "a site admin",
            2,
        ),
    ),
    "two-factor removed by force": (
        break_glass,
        (
            "una, an owner of open, no longer has two-factor authentication",
            "Two-factor authentication was removed",
            "una",
            "a server administrator",
            2,
        ),
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_sf8_all_owners_and_the_person_are_told_whatever_the_door(stage, mailoutbox, door):
    act, (subject, to_person, person, by, left) = DOORS[door]

    act(stage)

    mails = [mail for mail in mailoutbox if mail.subject == subject]
    others = {"olga", "una"} - {person}
    assert sorted(mail.to[0] for mail in mails) == sorted(f"{name}@example.com" for name in others)
    for mail in mails:
        assert f"By: {by}\n" in mail.body
        assert f"The organization now has {left} owner" in unwrapped(mail.body)
        assert f"{settings.SITE_URL}{USERS}\n" in mail.body
        assert "When:" in mail.body
    own = [mail.subject for mail in mailoutbox if mail.to == [f"{person}@example.com"]]
    assert subject not in own
    if to_person:
        assert own.count(to_person) == 1


def test_sf8_a_founder_is_told(stage, mailoutbox):
    stage.browser("eve").post("/app/organizations/new", {"name": "acme", "email": "hello@acme.example"})

    [mail] = [mail for mail in mailoutbox if mail.subject == "You are now an owner of acme"]
    assert mail.to == ["eve@example.com"]
    assert "From: 127.0.0.1" in mail.body


def test_sf8_the_owners_of_an_organization_are_told_that_it_is_deleted(stage, mailoutbox):
    stage.browser("olga").post("/app/open/settings/general/delete", {"name": "open"})

    mails = [mail for mail in mailoutbox if mail.subject == "The organization open was deleted"]
    assert sorted(mail.to[0] for mail in mails) == ["olga@example.com", "una@example.com"]
    assert all("By: olga\n" in mail.body for mail in mails)


def test_sf8_a_removed_member_is_told(stage, mailoutbox):
    on_page(stage, "una", "max", "remove")

    [mail] = [mail for mail in mailoutbox if "open" in mail.subject]
    assert (mail.subject, mail.to) == ("You are no longer a member of open", ["max@example.com"])
    assert "By: una\n" in mail.body
    assert "hello@open.example" in mail.body


def test_sf8_a_member_who_leaves_is_no_news(stage, mailoutbox):
    stage.browser("max").post("/app/open/leave")

    assert [mail.subject for mail in mailoutbox if "open" in mail.subject] == []


def test_sf8_or_16_who_was_an_owner_is_told_though_removed_before_the_mail_leaves(stage, mailoutbox):
    """What is written in one transaction reaches the owners of that moment, however late it is sent."""
    organization = Organization.objects.get(name="open")
    mailoutbox.clear()
    memberships.make_owner(organization, membership_of(stage.max, "open").pk, actor=SERVER)
    memberships.remove_owner(organization, membership_of(stage.olga, "open").pk, actor=SERVER)
    memberships.remove_owner(organization, membership_of(stage.una, "open").pk, actor=SERVER)

    delivery.send_due()

    told = {(mail.subject, mail.to[0].partition("@")[0]) for mail in mailoutbox}
    assert told >= {
        (MADE, "olga"),
        (MADE, "una"),
        (MADE_YOU, "max"),
        ("olga is no longer an owner of open", "una"),
        (GONE_YOU, "olga"),
        (GONE_YOU, "una"),
    }


def test_sf8_several_at_once_are_one_mail(stage, mailoutbox):
    sent = {"data": [{"type": "users", "id": name} for name in ("max", "mia")]}

    program(stage, "olga").post(f"/teams/{team()}/relationships/users", sent)

    to_una = [mail for mail in mailoutbox if mail.to == ["una@example.com"]]
    assert [mail.subject for mail in to_una] == ["New owners of open: mia, max"]
    for name in ("max", "mia"):
        own = [mail.subject for mail in mailoutbox if mail.to == [f"{name}@example.com"]]
        assert own.count(MADE_YOU) == 1
        assert not any(subject.startswith("New owners") for subject in own)


def test_sf8_the_same_again_is_no_news(stage, mailoutbox):
    on_page(stage, "una", "olga", "make-owner")
    on_page(stage, "una", "max", "unmake-owner")

    assert [mail for mail in mailoutbox if "owner" in mail.subject] == []


def test_sf8_an_unconfirmed_or_closed_account_gets_no_mail(stage, mailoutbox):
    administration.deactivate(stage.una, reason="gone", actor=SERVER)
    mailoutbox.clear()

    on_page(stage, "olga", "max", "make-owner")

    assert "una@example.com" not in {mail.to[0] for mail in mailoutbox}


def test_sf8_more_than_a_hundred_owners_are_all_told(stage, mailoutbox):
    organization = Organization.objects.get(name="open")
    for number in range(103):
        user = make_user(f"owner{number}", email=f"owner{number}@many.example")
        join(organization, user)
    Membership.objects.filter(username__startswith="owner").update(is_owner=True)
    mailoutbox.clear()

    on_page(stage, "olga", "max", "make-owner")

    mails = [mail.to[0] for mail in mailoutbox if mail.subject == MADE]
    assert len(mails) == len(set(mails)) == 105
