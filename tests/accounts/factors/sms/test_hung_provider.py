"""Twenty sends that hang leave the other pages alone (F13): with the task worker, and without it."""

import os
import subprocess
import sys
import time

import pytest

from tests.accounts.factors.sms.conftest import E164
from tests.support import environment
from tests.support.people import PASSWORD, TWO_FACTOR, make_user

pytestmark = pytest.mark.races

SLOWEST_PAGE = 2  # seconds; the promise, not a measurement


def manage(*arguments, **settings):
    """Run a command of the product on the database of this test."""
    variables = {**os.environ, "DATABASE_URL": environment.test_database_url(), **settings}
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=environment.ROOT, env=variables, check=True, timeout=60)


def started(site, user, number):
    """A browser, and the request that would start an enrolment by text."""
    visitor = site.visitor()
    visitor.post_form("/session", username=user.username, password=PASSWORD)
    fields = {"method": "sms", "phone_number": number}
    return visitor, visitor.raw_form(TWO_FACTOR, "Enable 2FA", **fields)


@pytest.mark.parametrize("worker", ["0", "1"], ids=["after the answer", "task worker"])
def test_f13_twenty_hung_sends_leave_other_pages_answering(start_site, twilio, worker):
    manage("migrate", "-v0", TASK_WORKER="1")
    site = start_site(workers=4, threads=8, TASK_WORKER=worker, **twilio.settings())
    people = [make_user(f"user{number}") for number in range(20)]
    raws = [started(site, user, f"+120255501{n:02d}")[1] for n, user in enumerate(people)]
    twilio.mode = "hang"

    answers = site.volley(raws)
    began = time.monotonic()
    page = site.visitor().get("/session")
    took = time.monotonic() - began

    assert {answer.status for answer in answers} == {302}
    assert page.status == 200
    assert took < SLOWEST_PAGE


def test_the_worker_sends_what_the_web_process_left_to_it(start_site, twilio):
    manage("migrate", "-v0", TASK_WORKER="1")
    site = start_site(TASK_WORKER="1", **twilio.settings())
    visitor, raw = started(site, make_user("alice"), E164)
    [answer] = site.volley([raw])
    assert answer.status == 302
    assert twilio.messages == []

    manage("db_worker", "--batch", "--no-startup-delay", TASK_WORKER="1", **twilio.settings())

    assert [message["To"] for message in twilio.messages] == [E164]
    visitor.remember(answer)
    assert "on its way" in visitor.get(f"{TWO_FACTOR}/confirm").text
