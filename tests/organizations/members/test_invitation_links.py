"""The link in the mail of an invitation, opened by the invited person or by others (D42)."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from organizations.models import Membership
from tests.support.mails import link_in
from tests.support.people import PASSWORD, make_user, post_password, sign_in
from tests.support.two_factor import text_of

PAGE, MINE = "/app/invitations", "/app/settings/organizations"
ADD = "/app/open/settings/users/add"
ELSEWHERE = "This link belongs to another account"


@pytest.fixture
def invite(stage, django_capture_on_commit_callbacks):
    """invite(who): una invites somebody to open; return the link in the mail."""

    def arrange(who):
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            assert stage.browser("una").post(ADD, {"username": who}).status_code == 302
        return link_in(mail.outbox[-1], f"{PAGE}/")

    return arrange


def opened(browser, link):
    assert browser.get(link)["Location"] == PAGE
    return browser.get(PAGE)


def row():
    return Membership.objects.invited().get(organization__name="open")


def accept(browser):
    return browser.post(f"{MINE}/{row().pk}/accept")


@pytest.mark.parametrize("who", ["eve", "eve@example.com", "EVE@Example.com"])
def test_pf6_the_link_of_an_invitation_leads_to_it(stage, invite, who):
    browser = stage.browser("eve")
    link = invite(who)
    before = AuditEvent.objects.count()

    page = opened(browser, link + "&fbclid=x")

    assert "una has invited you." in text_of(page)
    assert AuditEvent.objects.count() == before
    assert accept(browser)["Location"] == "/app/open"
    assert browser.get(PAGE)["Location"] == "/app/open"


@pytest.mark.parametrize("who", ["eve", "eve@example.com", "nobody@example.com"])
def test_pf6_an_invitation_that_is_opened_by_another_account_is_for_the_next_one(stage, invite, who):
    link = invite(who)
    browser = stage.browser("max")

    page = opened(browser, link)

    assert ELSEWHERE in text_of(page)
    for told in ("eve", "nobody", "una", "open "):
        assert told not in text_of(page).replace("opened", "")
    assert accept(browser).status_code == 404
    assert browser.post("/session/logout", {"next": PAGE})["Location"] == PAGE
    assert browser.get(PAGE)["Location"] == f"/session?next={PAGE}"
    if who == "nobody@example.com":
        return
    post_password(browser, stage.eve, next=PAGE)
    browser.post("/session/two-factor", {"code": stage.apps["eve"].fresh_code()})
    assert "una has invited you." in text_of(browser.get(PAGE))


def test_pf6_a_new_person_signs_up_and_comes_back(stage, invite, settings):
    link = invite("dora@example.com")
    browser = Client()
    browser.get(link)
    assert browser.get(PAGE)["Location"] == f"/session?next={PAGE}"
    assert (
        f'href="/account/new?next={PAGE.replace("/", "%2F")}"'
        in browser.get(f"/session?next={PAGE}").content.decode()
    )

    fields = {"username": "dora", "email": "dora@example.com", "password": PASSWORD, "next": PAGE}
    assert browser.post("/account/new", fields)["Location"] == PAGE
    assert User.objects.get(username="dora").email_confirmed
    assert "una has invited you." in text_of(browser.get(PAGE))
    assert accept(browser)["Location"] == "/app/open"


def test_pf6_an_unconfirmed_account_with_the_address_of_another_sees_no_more(stage, invite):
    link = invite("dora@example.com")
    squatter = sign_in(make_user("squatter", email="dora@example.com", email_confirmed_at=None))

    page = opened(squatter, link)

    assert "una" not in text_of(page)
    assert accept(squatter).status_code == 404


@pytest.mark.parametrize("what", ["declined", "revoked", "expired", "spoilt", "cut", "deleted"])
def test_pf6_an_invitation_that_is_gone_says_so_and_whom_to_ask(stage, invite, what):
    link, browser = invite("eve"), stage.browser("eve")
    if what == "declined":
        browser.post(f"{MINE}/{row().pk}/decline")
    elif what == "revoked":
        stage.browser("una").post(f"/app/open/settings/users/{row().pk}/remove")
    elif what == "expired":
        Membership.objects.invited().update(expires_at=timezone.now() - timedelta(seconds=1))
    elif what == "deleted":
        Membership.objects.invited().delete()
    link = {"spoilt": link.lower(), "cut": link[:-1]}.get(what, link)

    page = opened(browser, link)

    sentences = {"spoilt": "capital letters", "cut": "incomplete", "expired": "has expired"}
    said = sentences.get(what, "no longer open. It was answered or withdrawn.")
    assert said in text_of(page)
    assert "ask the person who invited you" in text_of(page)
    assert page.status_code == (422 if what in ("spoilt", "cut") else 404)


def test_pf6_the_link_of_an_invitation_is_too_old_after_a_week(stage, invite):
    link = invite("eve")
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        assert "This invitation has expired." in text_of(opened(sign_in(stage.una), link))


def test_pf6_without_a_link_the_page_is_the_list(stage):
    assert stage.browser("eve").get(PAGE)["Location"] == MINE


def test_pf6_renewing_an_invitation_leaves_the_earlier_link_good(stage, invite):
    first = invite("eve")
    invite("eve")

    assert "una has invited you." in text_of(opened(stage.browser("eve"), first))


@pytest.mark.parametrize(("sign_up", "offered"), [("open", True), ("closed", False)])
def test_pf8_nobody_is_told_to_sign_up_where_they_can_not(stage, invite, settings, sign_up, offered):
    settings.SIGN_UP, settings.SUPPORT_EMAIL = sign_up, "help@example.com"
    invite("nobody@example.com")
    told = " ".join(mail.outbox[-1].body.split())

    assert ("sign up" in told) is offered
    assert ("If you need one, ask help@example.com." in told) is not offered
    assert ("/account/new" in Client().get("/session").content.decode()) is offered
    owners_page = text_of(stage.browser("una").get("/app/open/settings/users"))
    assert ("only people who already have one can accept." in owners_page) is not offered


def test_pf8_somebody_who_is_invited_by_name_is_not_told_to_sign_up(stage, invite):
    invite("eve")

    assert "Sign in as eve" in mail.outbox[-1].body
    assert "sign up" not in mail.outbox[-1].body


@pytest.mark.parametrize("who", ["eve@example.com", "nobody@example.com"])
def test_pf6_the_sign_in_says_who_invites_to_what_and_no_more(stage, invite, who):
    link, browser = invite(who), Client()
    browser.get(link)

    for page in ("/session", "/account/new"):
        said = " ".join(browser.get(f"{page}?next={PAGE}").content.decode().split())
        assert "una has invited you to join open." in said
        assert "create an account with the email address that was invited" in said
        # An account with that address or none: the same page (D24).
        assert (f'value="{who}"' in said) is (page == "/account/new")
    assert "has invited you" not in text_of(browser.get("/session"))  # on the way to somewhere else


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("revoked", "It was answered or withdrawn."),
        ("expired", "This invitation has expired."),
        ("cut", "This link is incomplete"),
        ("forged", "It was answered or withdrawn."),
    ],
)
def test_pf6_the_sign_in_says_why_an_invitation_does_not_work(stage, invite, what, said):
    link, browser = invite("dora@example.com"), Client()
    if what == "revoked":
        Membership.objects.invited().delete()
    elif what == "expired":
        Membership.objects.invited().update(expires_at=timezone.now() - timedelta(seconds=1))
    elif what == "cut":
        link = link[:-1]
    elif what == "forged":
        link = link[:-4] + ("AbCd" if not link.endswith("AbCd") else "dCbA")
    browser.get(link)

    page = text_of(browser.get(f"/session?next={PAGE}"))

    assert said in page
    assert "una" not in page
    assert "join open" not in page
