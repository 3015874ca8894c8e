"""Links in mails: opened by the owner or others, whole or changed by a mail program (D42)."""

from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, RateLimit, User
from tests.support.mails import link_in
from tests.support.people import PASSWORD, make_user, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM, RESET = "/account/confirm", "/account/password/reset"
PROFILE = "/app/settings/profile"
NEW = "another long passphrase 77"
ELSEWHERE = "This link belongs to another account"


def new_address(user, mailoutbox, address="new@example.com"):
    """Return (the browser in which somebody has asked for another address, the link in the mail)."""
    client = sign_in(user)
    client.post(f"{PROFILE}/email", {"email": address})
    return client, link_in([mail for mail in mailoutbox if mail.to == [address]][-1], f"{CONFIRM}/")


def reset_link(user, mailoutbox):
    Client().post("/account/password/forgot", {"email": user.email})
    return link_in(mailoutbox[-1], f"{RESET}/")


def opened(client, link):
    """Return what a link leads to, in the form in which a browser sends it."""
    response = client.get(link)
    assert response.status_code == 302, link
    return client.get(response["Location"])


def text_of(response):
    return unescape(" ".join(response.content.decode().split()))


def address_of(user):
    return User.objects.get(pk=user.pk).email


def written():
    return (
        list(User.objects.order_by("pk").values()),
        AuditEvent.objects.count(),
        RateLimit.objects.count(),
    )


# ---------------------------------------------------------------- what is caught behind a link

BEHIND = [
    ".", ")", ">", "%3E", "%253E", ",", ";", "’", "%E2%80%99", "”", "\"", "%22", "/", "//", "...", "*",
    "**", "_", "?utm_source=newsletter", "%3Futm_source=x", "&fbclid=IwAR0123", "&amp;x=1", "%20",
    "%0D%0A", "=", "=3D", "%3D", "=%0D%0A", "%E2%80%8B", "%C2%A0", "%EF%BB%BF", "%3C/a%3E", "]",
    "%5D(https://site.example/x)", "!", ":", "#top", "|", "%E3%80%82", "-", "word", ".%20Thanks/bye",
]  # fmt: skip


@pytest.mark.parametrize("behind", BEHIND)
def test_pf6_what_is_caught_behind_a_link_is_cut_off(alice, mailoutbox, behind):
    client, link = new_address(alice, mailoutbox)

    page = opened(client, link + behind)

    assert page.status_code == 200
    assert "Use <strong>new@example.com</strong>" in text_of(page)
    assert client.post(CONFIRM)["Location"] == "/app"
    assert address_of(alice) == "new@example.com"


@pytest.mark.parametrize("behind", [".", "%3E", "/", "&fbclid=x", "=%0D%0A"])
def test_pf6_the_same_for_a_new_password(alice, mailoutbox, behind):
    client = Client()

    assert opened(client, reset_link(alice, mailoutbox) + behind).status_code == 200
    assert client.post(RESET, {"new_password": NEW})["Location"] == "/session"
    assert User.objects.get(pk=alice.pk).check_password(NEW)


INSIDE = [
    lambda token: f"{token[:30]}=%0D%0A{token[30:]}",  # quoted-printable that nobody has decoded
    lambda token: f"{token[:30]}=%0A{token[30:]}",
    lambda token: f"{token[:30]}={token[30:]}" if token[30] not in "0123456789ABCDEF" else token,
    lambda token: token.replace(".", "=2E"),
    lambda token: token.replace("-", "=2D").replace("_", "=5F"),
    lambda token: f"{token[:30]}%0D%0A%20{token[30:]}",  # a mail program that breaks lines
    lambda token: f"{token[:30]}%E2%80%8B{token[30:]}",
    lambda token: f"{token[:30]}%C2%AD{token[30:]}",
    lambda token: f"%20{token}",
    lambda token: quote(token).replace(".", "%2E").replace("-", "%2D"),
]


@pytest.mark.parametrize("change", INSIDE)
def test_pf6_what_mail_programs_put_into_a_link_is_taken_out(alice, mailoutbox, change):
    client, link = new_address(alice, mailoutbox)
    path, _, token = link.rpartition("/")

    assert "Use <strong>new@example.com</strong>" in text_of(opened(client, f"{path}/{change(token)}"))
    client.post(CONFIRM)
    assert address_of(alice) == "new@example.com"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (str.lower, "capital letters"),
        (str.upper, "capital letters"),
        (lambda token: token[:-1], "incomplete"),
        (lambda token: token[:20], "incomplete"),
        (lambda token: token.partition(".")[2], "incomplete"),
        (lambda token: token.replace(".", ""), "incomplete"),
        (lambda token: token[:25] + "…" + token[-8:], "incomplete"),
        (lambda token: "TOKEN", "incomplete"),
        (lambda token: "x" * 3000, "incomplete"),
        (lambda token: token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"), "doesn't work"),
    ],
)
def test_pf6_a_link_that_was_spoilt_says_so_and_what_to_do(alice, mailoutbox, change, said):
    client, link = new_address(alice, mailoutbox)
    stranger, other_link = Client(), reset_link(alice, mailoutbox)
    before = written()

    page = opened(client, f"{CONFIRM}/{change(link.rpartition('/')[2])}")
    assert said in text_of(page)
    assert "Send the email again" in text_of(page)
    page = opened(stranger, f"{RESET}/{change(other_link.rpartition('/')[2])}")
    if said == "doesn't work":  # only a POST reveals whether a whole link is good: it is counted
        page = stranger.post(RESET, {"new_password": NEW})
    else:
        assert said in text_of(page)
        assert written() == before
    assert page.status_code == 422
    assert "Request a new link" in text_of(page)
    assert address_of(alice) == "alice@example.com"


# ---------------------------------------------------------------- whose link it is


def test_pf6_a_link_to_confirm_that_is_opened_by_another_account_says_so_and_is_not_forgotten(
    alice, bob, mailoutbox
):
    _client, link = new_address(alice, mailoutbox)
    browser = sign_in(bob)
    before = written()

    page = opened(browser, link)

    assert page.status_code == 200
    assert ELSEWHERE in text_of(page)
    assert "confirmed already" not in text_of(page)
    for name in ("alice", "new@example.com"):
        assert name not in text_of(page)
    refused = browser.post(CONFIRM)
    assert (refused.status_code, ELSEWHERE in text_of(refused)) == (422, True)
    assert written() == before

    on = browser.post("/session/logout", {"next": CONFIRM})
    assert on["Location"] == CONFIRM
    assert browser.get(CONFIRM)["Location"] == f"/session?next={CONFIRM}"
    assert post_password(browser, alice, next=CONFIRM)["Location"] == CONFIRM
    assert "Use <strong>new@example.com</strong>" in text_of(browser.get(CONFIRM))
    assert browser.post(CONFIRM)["Location"] == "/app"
    assert address_of(alice) == "new@example.com"
    assert address_of(bob) == "bob@example.com"


def test_pf6_who_stays_signed_in_gets_to_the_own_address_again(alice, bob, mailoutbox):
    _client, link = new_address(alice, mailoutbox)
    carol = sign_in(make_user("carol", email_confirmed_at=None))
    stay = f"{CONFIRM}?stay"

    assert f'href="{stay}"' in text_of(opened(carol, link))
    assert carol.get(stay)["Location"] == CONFIRM
    page = text_of(carol.get(CONFIRM))
    assert "Send the email again" in page
    assert "Correct the address" in page

    browser = sign_in(bob)
    opened(browser, link)
    assert browser.get(stay)["Location"] == "/app"
    assert browser.get(CONFIRM)["Location"] == PROFILE  # not to the link of another account


def test_pf6_the_button_signs_out_and_goes_on(alice, bob, mailoutbox):
    page = opened(sign_in(bob), reset_link(alice, mailoutbox))

    assert 'action="/session/logout"' in text_of(page)
    assert f'name="next" value="{RESET}"' in text_of(page)
    assert "Sign out and continue" in text_of(page)


def test_pf6_a_link_for_a_new_password_is_not_for_another_account_that_is_signed_in(alice, bob, mailoutbox):
    link = reset_link(alice, mailoutbox)
    browser = sign_in(bob)

    assert ELSEWHERE in text_of(opened(browser, link))
    refused = browser.post(RESET, {"new_password": NEW})
    assert (refused.status_code, ELSEWHERE in text_of(refused)) == (422, True)
    assert browser.get(PROFILE).status_code == 200
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)

    assert browser.post("/session/logout", {"next": RESET})["Location"] == RESET
    assert browser.get(RESET).status_code == 200
    assert browser.post(RESET, {"new_password": NEW})["Location"] == "/session"
    assert User.objects.get(pk=alice.pk).check_password(NEW)
    assert User.objects.get(pk=bob.pk).check_password(PASSWORD)


def test_pf6_somebody_signs_in_between_the_page_and_the_form(alice, bob, mailoutbox):
    browser = Client()
    assert opened(browser, reset_link(alice, mailoutbox)).status_code == 200
    sign_in(bob, client=browser)

    assert ELSEWHERE in text_of(browser.post(RESET, {"new_password": NEW}))
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


def test_pf6_the_owner_of_the_account_may_be_signed_in(alice, mailoutbox):
    browser = sign_in(alice)

    assert opened(browser, reset_link(alice, mailoutbox)).status_code == 200
    assert browser.post(RESET, {"new_password": NEW})["Location"] == "/session"
    assert browser.get(PROFILE)["Location"].startswith("/session")


def test_pf6_an_account_that_does_not_exist_is_another_account_too(bob):
    page = opened(sign_in(bob), f"{RESET}/{bob.pk + 999}.1xVmSR.{'aB' * 21}c")

    assert ELSEWHERE in text_of(page)


@pytest.mark.parametrize(
    "path", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x"]
)
def test_pf6_signing_out_leads_to_this_site_only(alice, path):
    assert sign_in(alice).post("/session/logout", {"next": path})["Location"] == "/session"


# ---------------------------------------------------------------- twice, late, and by machines


def test_pf6_confirmed_already_is_said_to_that_person_only(alice, bob, mailoutbox):
    client, link = new_address(alice, mailoutbox)
    opened(client, link)
    other_tab = client
    assert client.post(CONFIRM)["Location"] == "/app"

    assert other_tab.post(CONFIRM)["Location"] == PROFILE
    assert "Your email address new@example.com is already confirmed." in text_of(client.get(PROFILE))
    client.get(link)
    assert client.get(CONFIRM)["Location"] == PROFILE
    assert ELSEWHERE in text_of(opened(sign_in(bob), link))


def test_pf6_scanners_that_open_every_link_use_nothing_up(alice, mailoutbox):
    client, link = new_address(alice, mailoutbox)
    reset = reset_link(alice, mailoutbox)
    before = written()
    for _ in range(30):
        for path in (link, reset, link + ".", CONFIRM, RESET):
            scanner = Client()
            assert scanner.head(path).status_code in (200, 302, 422)
            scanner.get(path, follow=True)
    assert written() == before

    opened(client, link)
    assert client.post(CONFIRM)["Location"] == "/app"


def test_pf6_in_a_private_window_one_signs_in_first_and_goes_on(alice, mailoutbox):
    _client, link = new_address(alice, mailoutbox)
    window = Client()
    window.get(link)

    assert window.get(CONFIRM)["Location"] == f"/session?next={CONFIRM}"
    assert post_password(window, alice, next=CONFIRM)["Location"] == CONFIRM
    assert window.post(CONFIRM)["Location"] == "/app"


def test_pf6_a_link_to_a_former_choice_says_that_it_no_longer_works_before_the_click(alice, mailoutbox):
    client, former = new_address(alice, mailoutbox, "first@example.com")
    client.post(f"{PROFILE}/email", {"email": "second@example.com"})
    before = written()

    page = text_of(opened(client, former))

    assert "This link doesn't work" in page
    assert "second@example.com" in page
    assert "Send the email again" in page
    assert "first@example.com" not in page
    assert written() == before


def test_pf6_a_link_that_is_too_old_says_that(alice, mailoutbox):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client, link = new_address(alice, mailoutbox)
        reset = reset_link(alice, mailoutbox)
        clock.shift(timedelta(hours=25))
        client = sign_in(alice)

        assert "That link is too old." in text_of(opened(client, link))
        assert "That link is too old." in text_of(opened(Client(), reset))


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=2), timedelta(days=-2)])
def test_pf6_a_forged_link_tells_nobody_whether_there_is_such_an_account(alice, bob, age):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    made_at = signing.b62_encode(int((timezone.now() - age).timestamp()))

    answers = set()
    for number in (alice.pk, bob.pk, bob.pk + 999):
        browser = Client()
        browser.get(f"{RESET}/{number}.{made_at}.{'aB' * 21}c")
        refused = browser.post(RESET, {"new_password": NEW})
        answers.add((refused.status_code, text_of(refused)))

    assert len(answers) == 1


def test_pf6_a_new_account_is_told_apart_from_the_one_that_is_signed_in(mailoutbox, bob):
    make_user("carol", email_confirmed_at=None)
    carol = sign_in(User.objects.get(username="carol"))
    carol.post(f"{CONFIRM}/resend")
    link = link_in(mailoutbox[-1], f"{CONFIRM}/")

    assert ELSEWHERE in text_of(opened(sign_in(bob), link))
    opened(carol, link)
    assert carol.post(CONFIRM)["Location"] == "/app"
    assert User.objects.get(username="carol").email_confirmed
