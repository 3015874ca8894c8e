"""What a person leaves behind in an organization: shown before they go, ended with them if wanted."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEvent
from organizations.members import invitations
from organizations.models import Membership, Organization, OrganizationToken
from tests.api.clients import ApiClient, document
from tests.api.programs import ou, program, team
from tests.organizations.members.users_page import TOKENS, USERS, invite, make_token, row_of
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import SERVER, counts_of, let_sudo_expire, membership_of
from tests.support.pages import words_of


def form_on(page):
    """The fields of the form as a browser sends them when nothing is touched."""
    form = page.context["form"]
    ticked = {name: "on" for name in ("end_tokens", "revoke_invitations") if name in form.fields}
    return {**ticked, "shown": form.initial["shown"]}


def works(secret):
    return ApiClient(secret).get("/organizations/open").status_code == 200


@pytest.fixture
def leaving(stage):
    """una, an owner, has made a token of each kind, used one of them, and invited two people."""
    secrets = {kind: make_token(stage, "una", kind) for kind in ("organization", "owners")}
    assert works(secrets["owners"])
    invite(stage, "una", "eve")
    invite(stage, "una", "someone@elsewhere.example")
    return secrets


@pytest.mark.parametrize("action", ["remove", "unmake-owner"])
def test_sf8_the_page_shows_what_the_person_made(stage, leaving, action):
    page = stage.browser("olga").get(f"{row_of(stage, 'una')}/{action}")

    shown = words_of(page)
    assert page.status_code == 200
    assert "una created tokens that belong to open." in shown
    assert "Organization token, never used" in shown
    assert re.search(r"Team token of the owners, last used just now", shown)
    assert "una sent 2 invitations that are still open." in shown
    assert "eve" in shown
    assert "someone@elsewhere.example" in shown
    ticked = re.findall(r'type="checkbox" name="(\w+)"[^>]* checked', page.content.decode())
    assert ticked == ["end_tokens", "revoke_invitations"]


@pytest.mark.parametrize("action", ["remove", "unmake-owner"])
def test_sf8_both_end_in_the_same_step_recorded_and_told(stage, leaving, mailoutbox, action):
    url = f"{row_of(stage, 'una')}/{action}"
    page = stage.browser("olga").get(url)
    mailoutbox.clear()

    done = stage.browser("olga").post(url, form_on(page))

    assert done["Location"] == USERS
    assert not any(works(secret) for secret in leaving.values())
    assert not Membership.objects.invited().exists()
    events = AuditEvent.objects.values_list("event", flat=True)
    assert list(events).count("organization.token_revoked") == 2
    assert list(events).count("organization.invitation_revoked") == 2
    [mail] = [mail.body for mail in mailoutbox if mail.to == ["olga@example.com"]]
    assert "These tokens of the organization were deleted." in mail
    assert "- Team token of the owners, created by una, last used on" in mail
    assert "- Organization token, created by una, never used" in mail
    assert "These open invitations were revoked: eve, someone@elsewhere.example." in mail
    assert counts_of("open") == ((3, 1, 0) if action == "remove" else (4, 2, 0))
    assert broken() == []
    assert "The tokens that una created were deleted." in words_of(stage.browser("olga").get(USERS))


def test_sf8_what_is_kept_is_told_with_the_pages_that_end_it(stage, leaving, mailoutbox):
    url = f"{row_of(stage, 'una')}/remove"
    shown = form_on(stage.browser("olga").get(url))["shown"]
    mailoutbox.clear()

    stage.browser("olga").post(url, {"shown": shown})

    assert all(works(secret) for secret in leaving.values())
    assert Membership.objects.invited().count() == 2
    [mail] = [mail.body for mail in mailoutbox if mail.to == ["olga@example.com"]]
    assert "These tokens belong to the organization, so they still work" in mail
    assert f"{settings.SITE_URL}{TOKENS}\n" in mail
    assert "These invitations are still open: eve, someone@elsewhere.example." in " ".join(mail.split())
    assert f"{settings.SITE_URL}{USERS}?status=invited\n" in mail


@pytest.mark.parametrize("action", ["remove", "unmake-owner"])
@pytest.mark.parametrize("sent", [{}, {"shown": ""}, {"shown": "at-1,invitations"}])
def test_sf8_nothing_is_kept_in_silence(stage, leaving, action, sent):
    """A page from before, a page without the token, a program that posts blindly."""
    refused = stage.browser("olga").post(f"{row_of(stage, 'una')}/{action}", sent)

    assert refused.status_code == 422
    assert "una has created a token or sent an invitation since you opened this page." in words_of(refused)
    assert "Team token of the owners" in words_of(refused)
    assert membership_of(stage.una, "open").is_owner
    assert all(works(secret) for secret in leaving.values())


def test_sf8_or_16_a_token_made_since_the_page_was_shown_is_not_kept_unseen(stage, leaving):
    url = f"{row_of(stage, 'una')}/remove"
    shown = form_on(stage.browser("olga").get(url))["shown"]
    newer = make_token(stage, "una", "owners")

    refused = stage.browser("olga").post(url, {"shown": shown})
    done = stage.browser("olga").post(url, form_on(refused))

    assert (refused.status_code, done.status_code) == (422, 302)
    assert not works(newer)


def test_sf8_a_token_made_since_ends_with_the_others(stage, leaving, mailoutbox):
    url = f"{row_of(stage, 'una')}/remove"
    sent = form_on(stage.browser("olga").get(url))
    newer = make_token(stage, "una", "owners")

    assert stage.browser("olga").post(url, sent).status_code == 302

    assert not works(newer)
    assert "Team token of the owners, created by una, never used" in mailoutbox[-2].body + mailoutbox[-1].body


def test_sf8_a_token_made_since_where_there_was_none(stage):
    url = f"{row_of(stage, 'una')}/remove"
    sent = form_on(stage.browser("olga").get(url))
    newer = make_token(stage, "una")

    refused = stage.browser("olga").post(url, sent)

    assert refused.status_code == 422
    assert works(newer)
    assert membership_of(stage.una, "open").is_owner


def test_sf8_whoever_was_demoted_meanwhile_loses_the_tokens_all_the_same(stage, leaving, mailoutbox):
    url = f"{row_of(stage, 'una')}/unmake-owner"
    sent = form_on(stage.browser("olga").get(url))
    Membership.objects.filter(user=stage.una, organization__name="open").update(is_owner=False)
    mailoutbox.clear()

    assert stage.browser("olga").post(url, sent).status_code == 302

    assert not any(works(secret) for secret in leaving.values())
    assert [mail.subject for mail in mailoutbox if mail.to == ["olga@example.com"]] == [
        "Tokens or invitations of una in open have ended"
    ]


def test_sf8_whoever_is_gone_meanwhile_is_said_to_be(stage, leaving):
    url = f"{row_of(stage, 'una')}/remove"
    sent = form_on(stage.browser("olga").get(url))
    stage.browser("una").post("/app/open/leave")

    gone = stage.browser("olga").post(url, sent)

    assert gone.status_code == 404
    assert "no longer on the list" in words_of(gone)
    assert "No longer an owner" in words_of(stage.browser("olga").get(TOKENS))


def test_sf8_a_plain_member_who_made_tokens_as_an_owner(stage, leaving):
    """Ending tokens requires a fresh proof, no matter who made them."""
    Membership.objects.filter(user=stage.una, organization__name="open").update(is_owner=False)
    url = f"{row_of(stage, 'una')}/remove"
    browser = stage.browser("olga")
    sent = form_on(browser.get(url))
    let_sudo_expire(stage.olga)

    for asked in (browser.get(url), browser.post(url, sent)):
        assert asked["Location"].startswith("/session/sudo?next=%2Fapp%2Fopen%2Fsettings%2Fusers%2F")
    assert all(works(secret) for secret in leaving.values())


def test_sf8_who_leaves_is_shown_what_stays_and_owners_are_told(stage, leaving, mailoutbox):
    page = words_of(stage.browser("una").get("/app/open/leave"))
    mailoutbox.clear()

    stage.browser("una").post("/app/open/leave")

    assert "Tokens that you created belong to open and keep working." in page
    assert "Team token of the owners" in page
    assert "Invitations that you sent stay open." in page
    assert all(works(secret) for secret in leaving.values())
    [mail] = [mail.body for mail in mailoutbox if mail.to == ["olga@example.com"]]
    assert "- Team token of the owners, created by una" in mail
    assert f"{settings.SITE_URL}{TOKENS}\n" in mail


def delete_account(stage):
    stage.browser("una").post(
        "/app/settings/profile/delete", {"password": people.PASSWORD, "username": "una"}
    )


def deactivate(stage):
    page, root = f"/admin/accounts/user/{stage.una.pk}/act/deactivate/", stage.browser("root")
    shown = root.get(page).context["form"].fields["shown"].initial
    assert root.post(page, {"reason": "asked for", "shown": shown}).status_code == 302


def remove_over_the_api(stage):
    assert program(stage, "olga").delete(f"/organization-memberships/{ou(stage.una)}").status_code == 204


def unmake_over_the_api(stage):
    sent = {"data": [{"type": "users", "id": "una"}]}
    assert program(stage, "olga").delete(f"/teams/{team()}/relationships/users", sent).status_code == 204


@pytest.mark.parametrize(
    ("go", "is_owner"),
    [
        (unmake_over_the_api, True),
        *((go, owns) for go in (delete_account, deactivate, remove_over_the_api) for owns in (True, False)),
    ],
)
def test_sf8_doors_without_a_page_keep_the_tokens_and_name_them(stage, leaving, mailoutbox, go, is_owner):
    Membership.objects.filter(user=stage.una, organization__name="open").update(is_owner=is_owner)
    mailoutbox.clear()

    go(stage)

    assert all(works(secret) for secret in leaving.values())
    [mail] = [mail.body for mail in mailoutbox if mail.to == ["olga@example.com"] and "una" in mail.subject]
    assert "- Team token of the owners, created by una" in mail
    assert "- Organization token, created by una" in mail
    assert "eve, someone@elsewhere.example" in " ".join(mail.split())
    assert f"{settings.SITE_URL}{TOKENS}\n" in mail


def test_sf8_the_page_of_tokens_says_whose_they_are(stage, leaving):
    assert "No longer an owner" not in words_of(stage.browser("olga").get(TOKENS))

    delete_account(stage)

    page = words_of(stage.browser("olga").get(TOKENS))
    assert page.count("Created by una No longer an owner") == 2


def test_sf8_a_token_that_ends_names_the_invitations_that_it_sent(stage, mailoutbox):
    client = ApiClient(make_token(stage, "olga"))
    client.post(
        "/organizations/open/organization-memberships", document("organization-memberships", username="eve")
    )
    mailoutbox.clear()

    stage.browser("olga").post(f"{TOKENS}/owners/delete")

    assert "1 invitation that was sent with it is still open." in words_of(stage.browser("olga").get(TOKENS))
    mails = [
        mail for mail in mailoutbox if mail.subject == "The team token of the owners of open was deleted"
    ]
    assert sorted(mail.to[0] for mail in mails) == ["olga@example.com", "una@example.com"]
    assert all("These invitations are still open: eve." in " ".join(mail.body.split()) for mail in mails)
    invited = words_of(stage.browser("olga").get(f"{USERS}?status=invited"))
    assert "with one of the organization's tokens" in invited


def test_sf8_invitations_by_ones_token_count_as_ones_own(stage):
    client = ApiClient(make_token(stage, "una"))
    client.post(
        "/organizations/open/organization-memberships", document("organization-memberships", username="eve")
    )

    url = f"{row_of(stage, 'una')}/remove"
    page = stage.browser("olga").get(url)
    stage.browser("olga").post(url, form_on(page))

    assert "una sent an invitation that is still open." in words_of(page)
    assert not Membership.objects.invited().exists()


# ---------------------------------------------------------------- what is nothing to decide about


def test_sf8_an_expired_token_or_invitation_is_nothing_to_decide_about(stage, leaving):
    past = timezone.now() - timedelta(days=1)
    OrganizationToken.objects.update(expires_at=past)
    Membership.objects.invited().update(expires_at=past)

    assert stage.browser("olga").post(f"{row_of(stage, 'una')}/remove").status_code == 302


def test_sf8_an_invitation_renewed_by_somebody_else_is_theirs(stage):
    invite(stage, "una", "eve")
    invitations.invite(Organization.objects.get(name="open"), "eve", actor=SERVER)

    assert stage.browser("olga").post(f"{row_of(stage, 'una')}/remove").status_code == 302
    assert Membership.objects.invited().count() == 1


@pytest.mark.parametrize("shown", ["\x00", "x" * 501, "at-9999999999999999", ","])
def test_sf8_nonsense_in_the_hidden_field_changes_nothing(stage, leaving, shown):
    response = stage.browser("olga").post(f"{row_of(stage, 'una')}/remove", {"shown": shown})

    assert response.status_code in (400, 422)
    assert membership_of(stage.una, "open").is_owner


def test_sf8_the_page_that_asks_is_for_owners_and_for_members_only(stage):
    for name, status in (("max", 403), ("eve", 404)):
        assert stage.browser(name).get(f"{row_of(stage, 'una')}/remove").status_code == status
    stranger = membership_of(stage.oscar, "fort").pk
    assert stage.browser("una").get(f"{USERS}/{stranger}/remove").status_code == 404
    assert stage.browser("una").get(f"{row_of(stage, 'max')}/unmake-owner")["Location"] == USERS
    invited = invite(stage, "una", "eve")
    assert stage.browser("una").get(f"{USERS}/{invited.pk}/remove")["Location"] == f"{USERS}?status=invited"


def test_sf8_a_contact_address_that_goes_with_the_person_is_named(stage, mailoutbox):
    stage.browser("olga").post("/app/open/settings/general", {"email": "una@example.com"})
    url = f"{row_of(stage, 'una')}/remove"
    page = words_of(stage.browser("olga").get(url))
    mailoutbox.clear()

    stage.browser("olga").post(url)

    assert "The contact address of open is una's: una@example.com." in page.replace("&#x27;", "'")
    [mail] = [mail.body for mail in mailoutbox if mail.to == ["olga@example.com"]]
    assert f"{settings.SITE_URL}/app/open/settings/general\n" in mail


@pytest.mark.parametrize("action", ["remove", "unmake-owner"])
@pytest.mark.parametrize("pk", [0, 2**63, 10**40])
def test_sf8_a_row_that_is_nobodys_is_a_404(stage, action, pk):
    browser = stage.browser("olga")

    for ask in (browser.get, browser.post):
        response = ask(f"{USERS}/{pk}/{action}")
        assert response.status_code == 404
        assert "no longer on the list" in words_of(response)
