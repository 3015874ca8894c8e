"""The headers of mails: those of a machine that writes to people, in the name of the site."""

from email import message_from_bytes
from email.policy import default

import pytest

from accounts.outbox.envelopes import envelope
from tests.accounts.outbox.test_mails import NAMES, SITE, rendered


@pytest.fixture
def site(settings):
    settings.SITE_URL, settings.SUPPORT_EMAIL = SITE, "help@example.com"
    settings.DEFAULT_FROM_EMAIL = "no-reply@example.com"
    return settings


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_is_a_well_formed_message_of_a_machine(site, name):
    sent = message_from_bytes(
        envelope(rendered(name, reason="x" * 3000)).message().as_bytes(), policy=default
    )

    assert sent["From"] == "TFC Auth <no-reply@example.com>"
    assert sent["To"] == "alice@example.com"
    assert sent["Reply-To"] == "help@example.com"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["X-Auto-Response-Suppress"] == "All"
    assert sent["Message-ID"].endswith("@auth.example.com>")
    assert sent["Date"].datetime is not None
    assert {"Precedence", "List-Unsubscribe", "Feedback-ID"}.isdisjoint(sent.keys())
    assert sent.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in sent.iter_parts()] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in sent.iter_parts()} == {"utf-8"}
    assert max(len(line) for line in sent.as_bytes().splitlines()) < 998


def test_two_tries_at_a_mail_are_one_message_and_two_mails_are_two(site):
    first, other = rendered("reset_password"), rendered("reset_password", token="2.1xVmSR.signature")

    ids = [envelope(mail).message()["Message-ID"] for mail in (first, first, other)]

    assert ids[0] == ids[1] != ids[2]


def test_the_name_of_the_sender_is_that_of_the_setting(site):
    site.DEFAULT_FROM_EMAIL = '"Acme, Inc." <no-reply@example.com>'

    assert envelope(rendered("reset_password")).message()["From"] == '"Acme, Inc." <no-reply@example.com>'


def test_a_site_without_a_support_address_has_no_address_for_replies(site):
    site.SUPPORT_EMAIL = ""

    assert "Reply-To" not in envelope(rendered("reset_password")).message()
