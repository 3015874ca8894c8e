"""Deactivating an account: what the person holds in organizations is shown, decided and settled at once."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, OutboxMessage, User
from organizations.models import Membership, Organization, OrganizationCounts, OrganizationToken
from tests.organizations.members.users_page import invite, make_token
from tests.support.invariants import broken
from tests.support.organizations import found, membership_of, require
from tests.support.pages import words_of

REASON = {"reason": "has left"}


@pytest.fixture
def holding(stage):
    """una owns acme alone, and open with olga, for which una has made tokens and invitations."""
    found("acme", stage.una, members=[stage.max, stage.mia])
    for kind in ("organization", "owners"):
        make_token(stage, "una", kind)
    invite(stage, "una", "eve")
    invite(stage, "una", "someone@elsewhere.example")
    return stage


def page_of(user):
    return f"/admin/accounts/user/{user.pk}/act/deactivate/"


def form_on(stage, **fields):
    """The fields as a browser sends them when nothing is touched, but for these; "" unticks a box."""
    form = stage.browser("root").get(page_of(stage.una)).context["form"]
    sent = {name: field.initial for name, field in form.fields.items() if field.initial}
    sent = {name: "on" if value is True else value for name, value in sent.items()}
    return {name: value for name, value in {**sent, **REASON, **fields}.items() if value != ""}


def deactivate(stage, **fields):
    return stage.browser("root").post(page_of(stage.una), form_on(stage, **fields))


def next_owner(name="acme"):
    return f"successor_{Membership.objects.filter(organization__name=name).first().organization_id}"


def is_active(user):
    return User.objects.get(pk=user.pk).is_active


def owners(name="acme"):
    return sorted(row.username for row in Membership.objects.owners().filter(organization__name=name))


def run(*options):
    out = io.StringIO()
    call_command("deactivate_user", "una", "--reason", "has left", *options, stdout=out)
    return out.getvalue()


def told_to_members():
    return OutboxMessage.objects.filter(audience="organizations.members").count()


def test_the_page_shows_what_the_person_holds(holding):
    page = holding.browser("root").get(page_of(holding.una))

    shown = words_of(page)
    assert "una is the only active owner of this organization acme" in shown
    assert "Next owner of acme" in shown
    assert "For example: max, mia." in shown
    assert "open: Organization token" in shown
    assert "open: Team token of the owners" in shown
    assert "open: 2 invitations" in shown
    assert "someone@elsewhere.example" not in shown
    assert page.content.decode().count("checked") == 2


def test_a_successor_is_made_tokens_end_and_invitations_are_withdrawn_in_one_step(holding, mailoutbox):
    mailoutbox.clear()
    response = deactivate(holding, **{next_owner(): "max"})

    assert response.status_code == 302
    assert not is_active(holding.una)
    assert owners() == ["max", "una"]
    assert not OrganizationToken.objects.exists()
    assert not Membership.objects.invited().filter(organization__name="open").exists()
    assert broken() == []
    mails = {mail.to[0]: mail for mail in mailoutbox if "una" in mail.body}
    said = " ".join(mails["mia@example.com"].body.split())
    assert "The account una, the only active owner of the organization acme" in said
    assert "max is now an owner of acme" in said
    said = " ".join(mails["olga@example.com"].body.split())
    assert "was deactivated" in said
    assert "eve, someone@elsewhere.example" in said
    made = AuditEvent.objects.get(event="organization.owner_added", subject="organization:acme")
    assert (made.actor, made.door, made.data["member"]) == ("user:root", "admin", "max")


def test_without_a_successor_and_without_a_reason_nothing_happens(holding):
    sent = form_on(holding)
    before = AuditEvent.objects.count(), OutboxMessage.objects.count()

    response = holding.browser("root").post(page_of(holding.una), sent)

    assert response.status_code == 422
    assert "Nobody else can manage acme. Name the next owner, or say why there is none." in words_of(response)
    assert is_active(holding.una)
    assert OrganizationToken.objects.count() == 2
    assert (AuditEvent.objects.count(), OutboxMessage.objects.count()) == before


def test_a_reason_why_there_is_none_is_recorded_and_all_members_are_told(holding, mailoutbox):
    mailoutbox.clear()
    response = deactivate(holding, without_successor="the company is closed")

    assert response.status_code == 302
    event = AuditEvent.objects.get(event="organization.left_ownerless")
    assert (event.subject, event.data) == (
        "organization:acme",
        {"member": "una", "reason": "the company is closed"},
    )
    for name in ("max", "mia"):
        [mail] = [mail for mail in mailoutbox if mail.to == [f"{name}@example.com"]]
        assert mail.subject == "acme has no active owner"
        assert "ask a site admin" in mail.body
        assert "the company is closed" not in mail.body
    out = io.StringIO()
    call_command("doctor", stdout=out)
    assert "acme has no active owner (una deactivated)" in out.getvalue()
    assert "manage.py make_owner acme USERNAME --reason TEXT" in out.getvalue()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("una", "“una” isn't another member of acme."),
        ("eve", "“eve” isn't another member of acme."),
        ("nobody", "“nobody” isn't another member of acme."),
        ("mia", "mia hasn't enabled it"),
    ],
)
def test_a_successor_who_can_not_be_one_is_said_and_nothing_happens(holding, name, said):
    holding.enrol("una")
    require(membership_of(holding.una, "acme").organization)

    response = deactivate(holding, **{next_owner(): name})

    assert response.status_code == 422
    assert said in words_of(response)
    assert is_active(holding.una)
    assert owners() == ["una"]
    assert OrganizationToken.objects.count() == 2


def test_another_owner_whose_account_is_deactivated_is_no_next_owner(holding):
    """They are an owner already, and nobody can sign in to their account."""
    Membership.objects.filter(organization__name="acme", user=holding.max).update(is_owner=True)
    User.objects.filter(pk=holding.max.pk).update(is_active=False)
    sent = form_on(holding, **{next_owner(): "max"})
    before = OutboxMessage.objects.count()

    response = holding.browser("root").post(page_of(holding.una), sent)

    assert response.status_code == 422
    assert "The account of max is deactivated" in words_of(response)
    assert is_active(holding.una)
    assert OutboxMessage.objects.count() == before
    with pytest.raises(CommandError, match="The account of max is deactivated"):
        run("--successor", "acme=max")


def test_a_reason_is_for_the_organizations_that_were_shown_with_it(holding):
    sent = form_on(holding, without_successor="the company is closed")
    holding.browser("olga").post("/app/open/leave")
    assert owners("open") == ["una"]

    response = holding.browser("root").post(page_of(holding.una), sent)

    assert response.status_code == 422
    assert "Nobody else can manage open." in words_of(response)
    assert is_active(holding.una)
    assert not AuditEvent.objects.filter(event="organization.left_ownerless").exists()
    again = {**sent, "shown": response.context["form"]["shown"].value()}
    assert holding.browser("root").post(page_of(holding.una), again).status_code == 302
    assert AuditEvent.objects.filter(event="organization.left_ownerless").count() == 2


def test_thousands_of_invitations_are_withdrawn_in_as_many_statements_as_a_few(holding):
    """Whoever sent them may be a spammer whose account must go now."""
    open_ = Organization.objects.get(name="open")

    def cost(number):
        Membership.objects.bulk_create(
            Membership(
                organization=open_,
                email=f"p{each}@n{number}.example",
                address_key=f"p{each}@n{number}.example",
                invited_by="una",
                invited_by_id=holding.una.pk,
                expires_at=timezone.now() + timedelta(days=7),
            )
            for each in range(number)
        )
        OrganizationCounts.objects.add([open_.pk], invited=number)
        sent = form_on(holding, **{next_owner(): "max"})
        with CaptureQueriesContext(connection) as counted:
            assert holding.browser("root").post(page_of(holding.una), sent).status_code == 302
        assert not Membership.objects.invited().filter(organization=open_).exists()
        return len(counted)

    few = cost(3)
    call_command("reactivate_user", "una", "--reason", "back", stdout=io.StringIO())
    Membership.objects.filter(organization__name="acme", user=holding.max).update(is_owner=False)

    assert cost(300) < few + 10
    assert AuditEvent.objects.filter(event="organization.invitation_revoked").count() == 305
    assert broken() == []


def test_what_is_unticked_stays_and_is_told(holding, mailoutbox):
    mailoutbox.clear()
    deactivate(holding, **{next_owner(): "max", "end_tokens": "", "withdraw_invitations": ""})

    assert not is_active(holding.una)
    assert OrganizationToken.objects.count() == 2
    assert Membership.objects.invited().filter(organization__name="open").count() == 2
    [mail] = [mail for mail in mailoutbox if mail.to == ["olga@example.com"] and "una" in mail.subject]
    assert "- Team token of the owners, created by una" in mail.body


def test_a_token_that_was_made_meanwhile_is_shown_and_decided_about(holding):
    OrganizationToken.objects.all().delete()
    sent = form_on(holding, **{next_owner(): "max", "end_tokens": ""})
    make_token(holding, "una")

    response = holding.browser("root").post(page_of(holding.una), sent)

    assert response.status_code == 422
    assert "has created a token or sent an invitation since you opened this page" in words_of(response)
    assert is_active(holding.una)
    form = response.context["form"]
    again = {**sent, "shown": form["shown"].value(), "end_tokens": "on"}
    assert holding.browser("root").post(page_of(holding.una), again).status_code == 302
    assert not OrganizationToken.objects.exists()


def test_another_owner_who_has_come_meanwhile_leaves_the_named_one_a_member(holding):
    sent = form_on(holding, **{next_owner(): "max"})
    Membership.objects.filter(organization__name="acme", user=holding.mia).update(is_owner=True)

    assert holding.browser("root").post(page_of(holding.una), sent).status_code == 302

    assert owners() == ["mia", "una"]
    assert told_to_members() == 0


def test_tokens_in_an_organization_that_the_person_has_left_end_too(holding):
    holding.browser("una").post("/app/open/leave")

    deactivate(holding, **{next_owner(): "max"})

    assert not OrganizationToken.objects.exists()
    assert broken() == []


def test_reactivated_they_are_an_owner_again_beside_the_next_one(holding):
    deactivate(holding, **{next_owner(): "max"})
    call_command("reactivate_user", "una", "--reason", "back", stdout=io.StringIO())

    assert owners() == ["max", "una"]
    assert broken() == []


def test_more_than_twenty_organizations_are_asked_by_one_reason(stage):
    for number in range(22):
        found(f"acme{number:02}", stage.una)

    page = stage.browser("root").get(page_of(stage.una))
    response = deactivate(stage, without_successor="all of them are tests")

    assert page.content.decode().count('name="successor_') == 20
    assert "acme21" in words_of(page), "the reason is for those that have no field, too"
    assert response.status_code == 302
    assert AuditEvent.objects.filter(event="organization.left_ownerless").count() == 22


# ---------------------------------------------------------------- by command


def test_the_command_shows_the_same_and_does_what_it_is_told(holding):
    said = run("--successor", "ACME=max", "--end-tokens", "--withdraw-invitations")

    assert "una is the only active owner of this organization:\n  acme\n" in said
    assert "  open: Organization token, never used\n" in said
    assert "  open: 2 invitations\n" in said
    assert said.endswith("una is deactivated.\n")
    assert owners() == ["max", "una"]
    assert not OrganizationToken.objects.exists()
    assert not Membership.objects.invited().filter(organization__name="open").exists()
    assert run() == "una is already deactivated.\n"


def test_the_command_keeps_what_it_is_not_told_to_end(holding):
    run("--without-successor", "nobody is left")

    assert OrganizationToken.objects.count() == 2
    assert AuditEvent.objects.get(event="organization.left_ownerless").data["reason"] == "nobody is left"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Nobody else can manage acme."),
        (["--without-successor", "  "], "Nobody else can manage acme."),
        (["--successor", "acme"], "isn't another member of acme"),
        (["--successor", "acme="], "isn't another member of acme"),
        (["--successor", "acme=nobody"], "isn't another member of acme"),
        (["--successor", "open=max"], "isn't the only active owner of an organization called “open”"),
        (["--successor", "nowhere=max"], "isn't the only active owner of an organization called “nowhere”"),
        (["--without-successor", "x" * 201], "at most 200 characters"),
    ],
)
def test_the_command_refuses_what_it_can_not_do(holding, options, said):
    with pytest.raises(CommandError, match=said):
        run(*options)

    assert is_active(holding.una)
    assert owners() == ["una"]


# ---------------------------------------------------------------- afterwards


def make_owner(*arguments):
    out = io.StringIO()
    call_command("make_owner", *arguments, "--reason", "the only one has left", stdout=out)
    return out.getvalue()


def test_an_organization_without_an_owner_gets_one_by_command(holding):
    run("--without-successor", "not known yet")
    before = told_to_members()

    assert make_owner("ACME", "max") == "max is now an owner of acme.\n"

    assert owners() == ["max", "una"]
    event = AuditEvent.objects.get(event="organization.owner_added", subject="organization:acme")
    assert event.data == {"member": "max", "reason": "the only one has left"}
    assert told_to_members() == before + 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["open", "max"], "open has an active owner"),
        (["nowhere", "max"], "There is no organization 'nowhere'."),
        (["acme", "nobody"], "isn't another member of acme"),
        (["acme", "una"], "The account of una is deactivated"),
    ],
)
def test_the_command_makes_nobody_an_owner_otherwise(holding, arguments, said):
    run("--without-successor", "not known yet")

    with pytest.raises(CommandError, match=said):
        make_owner(*arguments)

    assert owners() == ["una"]
