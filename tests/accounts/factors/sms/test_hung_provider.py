"""Twenty sends that hang leave the other pages alone (F13)."""

import socket
import time

import pytest

from accounts.models import OutboxMessage
from tests.support.people import PASSWORD, TWO_FACTOR, make_user
from tests.support.waiting import wait_until

pytestmark = pytest.mark.races

SLOWEST_PAGE = 2  # seconds; the promise, not a measurement


def start_by_text(site, user, number):
    """The request that would start an enrolment by text."""
    visitor = site.visitor()
    visitor.post_form("/session", username=user.username, password=PASSWORD)
    return visitor.raw_form(TWO_FACTOR, "Enable 2FA", method="sms", phone_number=number)


def test_f13_twenty_hung_sends_leave_other_pages_answering(start_site, twilio):
    site = start_site(workers=4, threads=8, **twilio.settings())
    people = [make_user(f"user{number}") for number in range(20)]
    raws = [start_by_text(site, user, f"+120255501{n:02d}") for n, user in enumerate(people)]
    twilio.mode = "hang"

    answers = site.volley(raws)
    began = time.monotonic()
    page = site.visitor().get("/session")
    took = time.monotonic() - began

    assert {answer.status for answer in answers} == {302}
    assert page.status == 200
    assert took < SLOWEST_PAGE


def test_sf7_mails_that_hang_hold_up_no_text(start_site, sam):
    """Twenty strangers' mails to a server that does not answer, for eight threads."""
    people = [make_user(f"user{number}") for number in range(20)]
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        site = start_site(workers=1, EMAIL_URL=f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        raws = [site.visitor().raw_form("/account/password/forgot", email=user.email) for user in people]
        assert {answer.status for answer in site.volley(raws)} == {302}

        site.visitor().post_form("/session", username=sam.username, password=PASSWORD)
        wait_until(lambda: list(site.mail_directory.glob("*.text")))
        not_given_up = OutboxMessage.objects.filter(kind="mail", attempts=0).count()

    assert not_given_up >= 12
