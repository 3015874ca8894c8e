import logging
import re

import pytest
import time_machine
from django.test import Client

from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import Destination, TextMessage
from accounts.models import RateLimit
from tests.accounts.factors.sms.twilio import Twilio
from tests.support import people

NUMBER = "(202) 555-0143"
E164 = "+12025550143"

AREAS = [202, 212, 213, 305, 312, 404, 415, 503, 602, 617, 702, 713, 720, 801, 907, 919]


@pytest.fixture(autouse=True)
def no_texts_yet():
    outbox.clear()


@pytest.fixture
def twilio():
    server = Twilio()
    yield server
    server.stop()


@pytest.fixture
def by_twilio(twilio, settings):
    """This process sends its texts through the real SDK, to the loopback server."""
    for name, value in twilio.settings().items():
        setattr(settings, name, value)
    settings.SMS_BACKEND = settings.SMS_BACKENDS["twilio"]
    return twilio


@pytest.fixture
def moving_clock():
    with time_machine.travel(people.timezone.now(), tick=False) as clock:
        yield clock


def number(n):
    """So many different numbers; never more than a few in one block."""
    return f"+1{AREAS[n % len(AREAS)]}555{100 + n // len(AREAS):04d}"


def alarms(caplog):
    """What was logged at level ERROR."""
    return [record.message for record in caplog.records if record.levelno == logging.ERROR]


def code_in(body):
    return re.search(r"#(\d{6})\s*$", body)[1]


def newest_code():
    return code_in(outbox[-1].body)


def time_passes():
    """Stands for waiting until the next text may be sent."""
    RateLimit.objects.filter(key__startswith="text:").delete()
    TextMessage.objects.update(created_at=people.timezone.now() - people.timedelta(seconds=61))


def start_phone(client, number=NUMBER, **fields):
    return client.post(f"{people.TWO_FACTOR}/enable", {"method": "sms", "phone_number": number, **fields})


def enrol_phone(user, client=None, number=NUMBER):
    """Enable two-factor authentication by text only; return the browser."""
    client = client or people.sign_in(user)
    response = start_phone(client, number)
    assert response.status_code == 302, response.content.decode()
    response = client.post(f"{people.TWO_FACTOR}/confirm", {"code": newest_code()})
    assert response.status_code in (200, 302), response.content.decode()
    time_passes()
    return client


@pytest.fixture
def sam(transactional_db):
    """Somebody who gets codes by text."""
    user = people.make_user("sam")
    enrol_phone(user)
    outbox.clear()
    user.refresh_from_db()
    return user


@pytest.fixture
def owners(transactional_db):
    """Eight people who get codes by text, each in a network of their own."""
    owners = [people.make_user(f"owner{n}") for n in range(8)]
    for n, user in enumerate(owners):
        enrol_phone(user, people.sign_in(user, client=Client(REMOTE_ADDR=f"198.{n}.100.1")), number(n))
    RateLimit.objects.all().delete()
    Destination.objects.all().delete()
    outbox.clear()
    return owners
