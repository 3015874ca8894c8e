"""manage.py invite: to the site and to organizations, and people who are to be owners."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AuditEvent, SiteInvitation, User
from organizations.members import invitations
from organizations.models import Membership, Organization
from tests.support.mails import link_in, subjects
from tests.support.organizations import SERVER, enrolled, found, require
from tests.support.people import PASSWORD, make_user, sign_in
from tests.support.two_factor import text_of

pytestmark = pytest.mark.django_db(transaction=True)

PAGE, SIGN_UP = "/app/invitations", "/account/new"


@pytest.fixture
def owner(db):
    user = make_user("owner")
    found("acme", user)
    enrolled(user)
    return user


def invite(*arguments):
    out = StringIO()
    call_command("invite", *arguments, stdout=out)
    Client().get("/session")  # lets the mails leave
    return out.getvalue()


def statuses(*arguments):
    return {row["address"]: row["status"] for row in json.loads(invite(*arguments, "--json"))}


def come(mail, name="dora", address="dora@example.com"):
    """Sign up with the link in a mail; return the browser."""
    browser = Client()
    browser.get(link_in(mail, f"{PAGE}/"))
    fields = {"username": name, "email": address, "password": PASSWORD, "next": PAGE}
    assert browser.post(SIGN_UP, fields).status_code == 302
    return browser


def accept(browser):
    row = Membership.objects.invited().get()
    return browser.post(f"/app/settings/organizations/{row.pk}/accept", follow=True)


@pytest.mark.parametrize("mode", ["open", "invited", "closed"])
def test_people_are_invited_to_the_site(settings, mailoutbox, mode):
    settings.SIGN_UP = mode

    assert invite("Dora@example.com", "erik@example.com").splitlines() == [
        "Dora@example.com invited",
        "erik@example.com invited",
    ]
    assert "A server administrator has invited you" in " ".join(mailoutbox[0].body.split())
    come(mailoutbox[0])
    assert User.objects.get(username="dora").email_confirmed


def test_two_spellings_of_an_address_are_one_person(mailoutbox):
    assert statuses("Dora@example.com", "dora@example.com", "dora@EXAMPLE.com") == {
        "Dora@example.com": "invited"
    }

    assert [mail.to for mail in mailoutbox] == [["dora@example.com"]]


def test_it_is_safe_to_repeat(settings, mailoutbox):
    settings.SIGN_UP = "closed"
    assert statuses("dora@example.com", "erik@example.com") == {
        "dora@example.com": "invited",
        "erik@example.com": "invited",
    }
    come(mailoutbox[0])

    assert statuses("dora@example.com", "erik@example.com", "erik@example.com") == {
        "dora@example.com": "has-account",
        "erik@example.com": "renewed",
    }
    assert SiteInvitation.objects.count() == 1
    assert len(subjects(mailoutbox, "erik@example.com")) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required"),
        (["nonsense"], "'nonsense' isn't an email address. Nobody was invited."),
        (["dora@example.com", "nonsense"], "Nobody was invited."),
        (["dora@example.com", "--owner"], "--owner needs --organization."),
        (["dora@example.com", "--organization", "nowhere"], "There is no organization 'nowhere'."),
    ],
)
def test_what_is_wrong_is_said_before_anybody_is_invited(arguments, said):
    with pytest.raises(CommandError, match=said):
        invite(*arguments)

    assert not SiteInvitation.objects.exists()


def test_what_is_refused_is_named_and_the_command_fails(mailoutbox):
    for _ in range(5):
        invite("dora@example.com")
    out = StringIO()

    with pytest.raises(CommandError, match="1 of 2 were not invited"):
        call_command("invite", "dora@example.com", "erik@example.com", "--json", stdout=out)

    rows = json.loads(out.getvalue())
    assert [(row["address"], row["status"]) for row in rows] == [
        ("dora@example.com", "refused"),
        ("erik@example.com", "invited"),
    ]
    assert rows[0]["code"] == "rate-limited"


@pytest.mark.parametrize("mode", ["open", "invited", "closed"])
def test_an_invitation_to_an_organization_makes_an_account_whatever_sign_up_says(
    owner, settings, mailoutbox, mode
):
    settings.SIGN_UP = mode

    assert statuses("dora@example.com", "--organization", "ACME") == {"dora@example.com": "invited"}
    assert len(subjects(mailoutbox, "dora@example.com")) == 1
    browser = come(mailoutbox[-1])

    assert "You are now a member of acme." in text_of(accept(browser))
    assert not SiteInvitation.objects.exists()
    assert statuses("dora@example.com", "--organization", "acme") == {"dora@example.com": "member"}


def test_somebody_with_an_account_gets_an_invitation_to_the_organization_alone(owner, mailoutbox):
    make_user("dora")

    assert statuses("dora@example.com", "--organization", "acme") == {"dora@example.com": "invited"}
    assert statuses("dora@example.com", "--organization", "acme") == {"dora@example.com": "renewed"}
    assert not SiteInvitation.objects.exists()
    assert Membership.objects.invited().count() == 1


def test_what_the_organization_refuses_leaves_no_invitation_to_the_site(owner):
    for _ in range(5):
        invite("dora@example.com", "--organization", "acme")
    SiteInvitation.objects.all().delete()

    with pytest.raises(CommandError):
        invite("dora@example.com", "--organization", "acme")

    assert not SiteInvitation.objects.exists()


# ---------------------------------------------------------------- people who are to be owners


def test_who_is_invited_as_an_owner_becomes_one_on_accepting(owner, mailoutbox):
    invite("dora@example.com", "--organization", "acme", "--owner")
    assert "has invited you to become an owner" in " ".join(mailoutbox[-1].body.split())
    assert not Membership.objects.owners().exclude(user=owner).exists()
    browser = come(mailoutbox[-1])
    assert "You're invited as an owner." in text_of(browser.get(PAGE)).replace("&#x27;", "'")

    assert "You are now an owner of acme." in text_of(accept(browser))

    dora = User.objects.get(username="dora")
    assert Membership.objects.owners().filter(user=dora).exists()
    assert "You are now an owner of acme" in subjects(mailoutbox, dora.email)
    assert "dora is now an owner of acme" in subjects(mailoutbox, owner.email)
    events = list(AuditEvent.objects.filter(user_id=dora.pk).order_by("id").values_list("event", flat=True))
    assert events[-2:] == ["organization.invitation_accepted", "organization.owner_added"]


def test_d24_r42_without_two_factor_where_it_is_required_they_join_as_a_member(owner, mailoutbox):
    require(Organization.objects.get(name="acme"))
    invite("dora@example.com", "--organization", "acme", "--owner")
    browser = come(mailoutbox[-1])
    shown = text_of(browser.get(PAGE)).replace("&#x27;", "'")
    assert "the two-factor authentication that owners of acme need, so you join as a member." in shown

    page = accept(browser)

    assert page.redirect_chain[0][0].startswith("/app/settings/two-factor?next=")
    assert "You are now a member of acme." in text_of(page)
    assert "another owner can make you an owner" in text_of(page)
    dora = User.objects.get(username="dora")
    assert Membership.objects.get(user=dora).is_owner is False
    assert "dora is not yet an owner of acme" in subjects(mailoutbox, owner.email)
    assert not AuditEvent.objects.filter(event="organization.owner_added", user_id=dora.pk).exists()


def test_with_two_factor_they_become_an_owner_at_once_even_if_they_are_a_member(owner, mailoutbox):
    require(Organization.objects.get(name="acme"))
    dora = make_user("dora")
    app = enrolled(dora)
    invitations.invite(Organization.objects.get(name="acme"), "dora", actor=SERVER)
    invite("dora@example.com", "--organization", "acme", "--owner")
    browser = sign_in(dora, app)

    by_name = Membership.objects.invited().get(user=dora)
    browser.post(f"/app/settings/organizations/{by_name.pk}/accept")

    assert Membership.objects.get(user=dora).is_owner


def test_an_owner_who_sends_it_again_leaves_that_as_it_is_and_the_list_shows_it(owner):
    invite("dora@example.com", "--organization", "acme", "--owner")

    invitations.invite(Organization.objects.get(name="acme"), "dora@example.com", actor=SERVER)

    assert Membership.objects.invited().get().invited_as_owner
    invite("dora@example.com", "--organization", "acme")
    assert not Membership.objects.invited().get().invited_as_owner
