"""No removed owner comes back without a word (SF8, OR-15)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from organizations import tokens
from organizations.models import Membership, Organization, OrganizationToken
from tests.api.clients import ApiClient, document
from tests.api.programs import Kind, organization_program, team
from tests.organizations.members.owners import USERS, on_page, owners_token, these, unwrapped
from tests.support.organizations import membership_of


def test_sf8_or_15_a_removed_owner_does_not_come_back_without_a_word(stage, mailoutbox):
    """The finding, step by step, where the token is kept: every step that matters reaches the owners."""
    back = ApiClient(owners_token(stage, maker="una"))
    pk = membership_of(stage.una, "open").pk
    kept = OrganizationToken.objects.get().public_id
    stage.browser("olga").post(f"{USERS}/{pk}/remove", {"shown": kept})
    mailoutbox.clear()

    invited = back.post(
        "/organizations/open/organization-memberships", document("organization-memberships", username="una")
    )
    stage.browser("una").post(f"/app/settings/organizations/{membership_of(stage.una, 'open').pk}/accept")
    made = back.post(f"/teams/{team()}/relationships/users", these("users", "una"))
    gone = back.delete(f"/teams/{team()}/relationships/users", these("users", "olga"))

    assert (invited.status_code, made.status_code, gone.status_code) == (201, 204, 204)
    by = "By: a program with the team token of the owners, created by una"
    to_olga = {mail.subject: mail.body for mail in mailoutbox if mail.to == ["olga@example.com"]}
    assert list(to_olga) == [
        "Invitation to open with a token that no owner created",
        "una is now an owner of open",
        "You are no longer an owner of open",
    ]
    assert all(by in body for body in to_olga.values())
    end_it = f"{settings.SITE_URL}/app/open/settings/authentication-tokens\n"
    assert end_it in to_olga["una is now an owner of open"]
    assert "who wasn't an owner when this happened" in unwrapped(to_olga["una is now an owner of open"])
    subject = "Invitation to open with a token that no owner created"
    assert "A program invited una" in to_olga[subject]


def test_sf8_or_15_where_the_token_is_ended_nobody_comes_back(stage):
    back = ApiClient(owners_token(stage, maker="una"))
    pk = membership_of(stage.una, "open").pk
    page = stage.browser("olga").get(f"{USERS}/{pk}/remove")
    stage.browser("olga").post(f"{USERS}/{pk}/remove", {**page.context["form"].initial, "end_tokens": "on"})

    invited = back.post(
        "/organizations/open/organization-memberships", document("organization-memberships", username="una")
    )

    assert invited.status_code == 401
    assert not OrganizationToken.objects.exists()


def test_sf8_an_invitation_by_an_owners_token_is_no_news(stage, mailoutbox):
    client = ApiClient(owners_token(stage))
    mailoutbox.clear()

    client.post(
        "/organizations/open/organization-memberships", document("organization-memberships", username="eve")
    )

    assert {mail.to[0] for mail in mailoutbox} == {"eve@example.com"}


def test_sf8_many_invitations_by_such_a_token_are_one_mail_an_hour(stage, mailoutbox):
    client = ApiClient(owners_token(stage, maker="una", kind="organization"))
    on_page_with_token_kept(stage)
    mailoutbox.clear()

    for name in ("a", "b", "c"):
        sent = document("organization-memberships", email=f"{name}@elsewhere.example")
        assert client.post("/organizations/open/organization-memberships", sent).status_code == 201

    assert len([mail for mail in mailoutbox if mail.to == ["olga@example.com"]]) == 1


def test_sf8_an_invitation_that_fails_uses_up_nobodys_mail(stage, mailoutbox):
    client = ApiClient(owners_token(stage, maker="una", kind="organization"))
    on_page_with_token_kept(stage)
    mailoutbox.clear()

    path = "/organizations/open/organization-memberships"
    failed = client.post(path, document("organization-memberships", username="nobody"))
    client.post(path, document("organization-memberships", username="eve"))

    assert failed.status_code == 422
    assert len([mail for mail in mailoutbox if mail.to == ["olga@example.com"]]) == 1


@pytest.mark.parametrize(("hours", "mails"), [(0.9, 0), (1.1, 1), (-24, 1)])
def test_sf8_the_next_mail_about_such_a_token_comes_after_an_hour_whatever_the_clock_was(
    stage, mailoutbox, hours, mails
):
    client = ApiClient(owners_token(stage, maker="una", kind="organization"))
    on_page_with_token_kept(stage)
    OrganizationToken.objects.update(invitation_told_at=timezone.now() - timedelta(hours=hours))
    mailoutbox.clear()

    client.post(
        "/organizations/open/organization-memberships", document("organization-memberships", username="eve")
    )

    assert len([mail for mail in mailoutbox if mail.to == ["olga@example.com"]]) == mails


def on_page_with_token_kept(stage):
    pk = membership_of(stage.una, "open").pk
    kept = OrganizationToken.objects.get().public_id
    stage.browser("olga").post(f"{USERS}/{pk}/unmake-owner", {"shown": kept})
    assert not Membership.objects.get(pk=pk).is_owner


def test_sf8_or_16_a_token_that_a_token_made_is_still_the_persons(stage):
    """Otherwise one could make a token of which nobody knows whose it was."""
    secret = owners_token(stage, maker="una")
    for path in (f"/teams/{team()}", "/organizations/open", f"/teams/{team()}"):
        answer = ApiClient(secret).post(f"{path}/authentication-token")
        if path.startswith("/teams"):
            secret = answer.json()["data"]["attributes"]["token"]

    assert set(OrganizationToken.objects.values_list("created_by_id", flat=True)) == {stage.una.pk}
    pk = membership_of(stage.una, "open").pk
    page = stage.browser("olga").get(f"{USERS}/{pk}/remove").content.decode()
    assert "Team token of the owners" in page
    assert "Organization token" in page


def test_sf8_making_owners_by_a_token_still_takes_one_made_behind_two_factor(stage):
    fort = Organization.objects.get(name="fort")
    client = organization_program(fort, Kind.OWNERS, verified=False)

    refused = client.post(f"/teams/{team('fort')}/relationships/users", these("users", "max"))

    assert refused.status_code == 403
    assert not membership_of(stage.max, "fort").is_owner


def test_sf8_a_used_up_budget_of_news_keeps_nobody_from_removing_owners_and_ending_tokens(stage):
    organization = Organization.objects.get(name="open")
    owners_token(stage)
    refused = None
    for _ in range(70):
        refused = on_page(stage, "una", "max", "make-owner")
        if refused.status_code == 429:
            break
    assert refused.status_code == 429

    assert (
        stage.browser("una").post("/app/open/settings/authentication-tokens/owners/delete").status_code == 302
    )
    assert on_page(stage, "una", "olga", "remove").status_code == 302
    assert tokens.of_kind(organization, OrganizationToken.Kind.OWNERS) is None
    assert not Membership.objects.filter(user=stage.olga, organization=organization).exists()
