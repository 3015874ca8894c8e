"""What fraudsters do: have texts sent whose codes nobody types."""

from contextlib import suppress
from io import StringIO

from django.core.management import call_command
from django.test import Client

from accounts import factors
from accounts.audit import Actor
from accounts.exceptions import RateLimited
from accounts.factors import challenges
from accounts.factors.sms import pauses
from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import Destination
from accounts.two_factor import enrolment
from tests.accounts.factors.sms.conftest import newest_code, number, start_phone
from tests.support.people import make_user, sign_in, sign_in_somewhere


def ask_for_text(user, address, number):
    """What the page does on which somebody gives a number; by the verbs, since there are so many."""
    session, actor = sign_in_somewhere(user, address)
    sms = factors.get("sms")
    state = enrolment.begin_enrolment(user, sms, former=None, actor=actor, phone_number=number)
    with suppress(RateLimited):
        challenges.challenge(user, sms, state, session=session, actor=actor)


def sign_up(name, ip):
    return sign_in(make_user(name), client=Client(REMOTE_ADDR=ip))


def in_block(n):
    return f"+120255501{n:02d}"


def german(n):
    return f"+4915112{n:03d}678"


def begin(count, number_of=number, start=0):
    """So many people begin to set up a number; their browsers, with the codes that came."""
    browsers = []
    for n in range(start, start + count):
        client = sign_up(f"stranger{n}", f"203.{n}.113.1")
        start_phone(client, number_of(n))
        browsers.append((client, newest_code()))
    return browsers


def unused(count, number_of=number, start=0, ip="203.{n}.113.1"):
    """The same by the verbs, in half the time. Nobody types these codes."""
    for n in range(start, start + count):
        ask_for_text(make_user(f"stranger{n}"), ip.format(n=n), number_of(n))


def use_up_set_ups():
    unused(20)
    assert pause("US")
    outbox.clear()


def pause_by_hand(country, purpose="set-up"):
    pauses.pause_country(country, [purpose], reason="Fraud elsewhere", actor=Actor.command())


def starts(n=90, number_of=number, name="newcomer"):
    """The answer to somebody who begins to set up a number."""
    return start_phone(sign_up(f"{name}{n}", "198.51.100.200"), number_of(n))


def doctor():
    said = StringIO()
    with suppress(SystemExit):  # it also notices that the clock of these tests stands still
        call_command("doctor", stdout=said)
    return said.getvalue()


def pause(key, purpose="set-up"):
    return Destination.objects.paused().filter(key=key, purpose=purpose).first()
