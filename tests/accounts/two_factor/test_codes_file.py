"""The file of backup codes, and what is printed: whose they are, for what, from when, how to renew them."""

import re
from email.message import Message
from html import unescape

import pytest
import time_machine
from django.utils import timezone

from accounts.factors.backup_codes.models import BackupCode
from tests.accounts.factors.otpauth import NAMES
from tests.support.people import TWO_FACTOR, codes_on, enrol, make_user, sign_in
from tests.support.two_factor import act, events_of, let_sudo_expire, pending, recover

pytestmark = pytest.mark.django_db

DOWNLOAD = f"{TWO_FACTOR}/download-codes"
FACTS = [
    "Site:    TFC Auth",
    "Address: https://auth.example.com",
    "Account: alice (alice@example.com)",
    "Saved:   3 March 2026, 23:30 UTC",
    "https://auth.example.com/app/settings/two-factor",
]


@pytest.fixture
def alice(db, settings):
    settings.SITE_URL = "https://auth.example.com"
    return make_user("alice")


@pytest.fixture
def client(alice):
    return sign_in(alice, enrol(alice))


def file_name(response):
    """What a browser reads from the header (RFC 6266), by Python's reader of mails."""
    message = Message()
    message["Content-Disposition"] = response["Content-Disposition"]
    assert message.get_content_disposition() == "attachment"
    return message.get_filename()


def test_pf10_the_file_says_all_that_its_finder_needs(alice):
    with time_machine.travel("2026-03-03T23:30:00Z", tick=False):
        client = sign_in(alice, enrol(alice))
        shown = codes_on(act(client, "reveal-codes"))
        response = client.post(DOWNLOAD)

    text = response.content.decode()
    assert [fact for fact in FACTS if fact not in text] == []
    assert "Each code works once" in " ".join(text.split())
    assert codes_on(response) == shown
    assert len(shown) == 10
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert "no-store" in response["Cache-Control"]
    assert file_name(response) == "tfc-auth-backup-codes-alice-2026-03-03.txt"
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", [*NAMES, "../../etc/passwd", 'a";filename="b.exe', "CON", "-", "n" * 200])
def test_pf10_every_site_name_makes_a_name_for_a_file(client, settings, name):
    settings.SITE_NAME = name

    response = client.post(DOWNLOAD)

    found = file_name(response)
    assert re.fullmatch(r"[\w-]+-backup-codes-alice-\d{4}-\d\d-\d\d\.txt", found)
    assert len(found.encode()) <= 255
    assert response["Content-Disposition"].isascii()
    assert f" {name}\n" in response.content.decode()


def test_pf10_a_name_of_emoji_is_replaced_by_the_host(client, settings):
    settings.SITE_NAME = "😀"

    assert file_name(client.post(DOWNLOAD)).startswith("authexamplecom-backup-codes-alice-")


def on_paper(page):
    return unescape("".join(re.findall(r'<pre class="print-only[^>]*>(.*?)</pre>', page, re.DOTALL)))


@pytest.mark.parametrize("name", ["TFC Auth", '<b>"A" & B</b>', "אבטחה"])
def test_pf10_paper_says_the_same_as_the_file(alice, settings, name):
    settings.SITE_NAME = name
    with time_machine.travel("2026-03-03T23:30:00Z", tick=False):
        client = sign_in(alice, enrol(alice))
        pages = [client.post(f"{TWO_FACTOR}/{button}-codes", follow=True) for button in ("renew", "reveal")]
        text = client.post(DOWNLOAD).content.decode()
        unrevealed = client.get(TWO_FACTOR).content.decode()

    assert on_paper(unrevealed) == ""
    assert "<textarea" not in unrevealed
    for page in pages:
        codes = codes_on(page)
        assert len(codes) == 10  # once each
        assert [line for line in text.splitlines() if line not in on_paper(page.content.decode())] == codes


def test_pf10_the_button_is_a_form_that_carries_nothing(client):
    page = act(client, "reveal-codes").content.decode()

    [form] = re.findall(rf'<form method="post" action="{DOWNLOAD}".*?</form>', page, re.DOTALL)
    assert re.findall(r'name="(\w+)"', form) in ([], ["csrfmiddlewaretoken"])
    assert "hidden>" not in re.sub(r"<input[^>]*>", "", form)  # there without JavaScript


def test_pf10_r26_downloading_is_revealing(client, alice, mailoutbox):
    assert client.get(DOWNLOAD).status_code == 303
    assert client.post(DOWNLOAD).status_code == 200

    assert events_of(alice).count("backup_codes.revealed") == 1
    assert [mail.subject for mail in mailoutbox if "Somebody revealed" in mail.body]


def test_pf10_r26_downloading_takes_a_second_factor_of_the_last_five_minutes(client, alice):
    let_sudo_expire(alice)

    response = client.post(DOWNLOAD)

    assert response["Location"].startswith("/session/sudo?")
    assert "backup_codes.revealed" not in events_of(alice)


def test_pf10_used_codes_are_not_in_the_file(client, alice):
    used = codes_on(client.post(DOWNLOAD))[:4]
    for code in used:
        assert recover(pending(alice), code).status_code == 302

    assert not set(used) & set(codes_on(client.post(DOWNLOAD)))


def test_pf10_where_no_code_is_left_the_page_says_so(client, alice):
    BackupCode.objects.update(used_at=timezone.now())

    response = client.post(DOWNLOAD, follow=True)

    assert response.redirect_chain == [(TWO_FACTOR, 302)]
    assert "You have no backup codes left." in response.content.decode()


def test_pf10_without_two_factor_there_is_no_file(alice):
    response = sign_in(alice).post(DOWNLOAD)

    assert "Content-Disposition" not in response
