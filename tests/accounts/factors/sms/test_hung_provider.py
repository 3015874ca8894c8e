"""Twenty sends that hang leave the other pages alone (F13)."""

import time

import pytest

from tests.support.people import PASSWORD, TWO_FACTOR, make_user

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
