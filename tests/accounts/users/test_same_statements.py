"""Whether an address is known can't be told by how much work it makes (R5)."""

import re

import pytest
from django.test import Client

from accounts.models import MailWindow
from tests.support.mails import subjects
from tests.support.people import PASSWORD, make_user, sign_in
from tests.support.statements import sent, statements

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN = "nobody@example.com"
# An address that is unknown, one that is known, and the known one again and again.
ADDRESSES = (UNKNOWN, "alice@example.com", "alice@example.com", "alice@example.com")


def verb_and_tables(statement):
    """Return what a statement does, without the values."""
    return statement.split()[0], re.findall(r'(?:FROM|INTO|JOIN|UPDATE) "?(\w+)', statement)


def shapes(work):
    """Return the statements that `work` takes, without their values."""
    with sent() as queries:
        assert work().status_code == 302
    return [verb_and_tables(sql) for sql in statements(queries)]


def assert_all_alike(found):
    first, *others = found
    assert first
    for other in others:
        assert other == first
    assert not MailWindow.objects.filter(name="address_in_use").exists()


def sign_up(number, address, client=None):
    fields = {"username": f"new{number}", "email": address, "password": PASSWORD}
    client = client or Client(REMOTE_ADDR=f"198.51.{number}.1")
    return client, client.post("/account/new", fields)


def test_sf5_a_sign_up_takes_the_same_statements_whether_the_address_is_known(alice, mailoutbox):
    assert_all_alike(
        [
            shapes(lambda number=number, address=address: sign_up(number, address)[1])
            for number, address in enumerate(ADDRESSES)
        ]
    )
    assert subjects(mailoutbox, UNKNOWN) == ["Confirm your email address"]
    assert len(subjects(mailoutbox, alice.email)) == 3


def test_sf5_sending_again_takes_the_same_statements_whether_the_address_is_known(alice):
    browsers = [sign_up(number, address)[0] for number, address in enumerate(ADDRESSES)]

    assert_all_alike(
        [shapes(lambda browser=browser: browser.post("/account/confirm/resend")) for browser in browsers]
    )


def test_sf5_a_correction_takes_the_same_statements_whether_the_address_is_known(alice):
    browsers = [sign_up(number, f"typo{number}@example.com")[0] for number in range(len(ADDRESSES))]

    assert_all_alike(
        [
            shapes(
                lambda browser=browser, address=address: browser.post(
                    "/account/confirm/correct", {"email": address}
                )
            )
            for browser, address in zip(browsers, ADDRESSES, strict=True)
        ]
    )


def test_sf5_a_change_takes_the_same_statements_whether_the_address_is_known(alice):
    page = "/app/settings/profile/email"
    browsers = [sign_in(make_user(f"other{number}")) for number in range(len(ADDRESSES))]

    assert_all_alike(
        [
            shapes(lambda browser=browser, address=address: browser.post(page, {"email": address}))
            for browser, address in zip(browsers, ADDRESSES, strict=True)
        ]
    )


def test_sf5_the_owner_of_a_known_address_is_greeted_by_name_and_told_nothing_of_the_account(
    alice, mailoutbox
):
    sign_up(1, alice.email)

    mail = mailoutbox[-1]
    assert mail.to == [alice.email]
    assert "Hello alice," in mail.body
    assert "new1" not in mail.body
