"""A phone becomes a factor (R34)."""

import re

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import factors
from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import SMSDevice, TextMessage
from accounts.models import Session
from accounts.outbox import delivery as messages
from tests.accounts.factors.sms.conftest import (
    E164,
    NUMBER,
    code_in,
    enrol_phone,
    newest_code,
    start_phone,
    time_passes,
)
from tests.support.people import CODES, TWO_FACTOR, Authenticator, codes_on, enrol, followed, key_on, sign_in


def test_sm_01_a_phone_is_enrolled_by_the_code_that_it_received(alice):
    client = sign_in(alice)
    start_phone(client)
    assert outbox[-1].to == E164

    response = followed(client, client.post(f"{TWO_FACTOR}/confirm", {"code": newest_code()}))

    assert len(set(codes_on(response))) == 10
    page = client.get(TWO_FACTOR).content.decode()
    assert "<strong>SMS (Text Message)</strong> is configured" in page
    assert "••43" in page
    assert not re.search(r"555\D?01", page)


def test_the_last_line_binds_the_code_to_our_domain(alice):
    start_phone(sign_in(alice))

    assert outbox[-1].body.splitlines()[-1] == f"@localhost #{newest_code()}"


SPELLINGS = ["+1 (202) 555-0143", "202.555.0143", "1-202-555-0143", "+12025550143", "(202)5550143"]


@pytest.mark.parametrize("number", SPELLINGS)
def test_sm_02_spellings_of_one_number_are_one_number(alice, number):
    start_phone(sign_in(alice), number)

    assert [text.to for text in outbox] == [E164]


REFUSED = {
    "premium": "+1 900 555 0143",
    "premium, in Great Britain": "+44 843 000 0000",
    "shared cost": "+49 180 12345",
    "a landline": "+44 121 234 5678",
    "the one number of a company": "+44 55 1234 5678",
    "a country whose calling code is allowed": "+1 876 555 0143",
    "toll free": "+1 800 555 0143",
    "a personal number": "+44 70 1234 5678",
    "unknown country code": "+0 123 456 789",
    "forty digits": "1" * 40,
    "a hundred thousand digits": "1" * 100_000,
    "letters": "call me",
    "a country that is not allowed": "+7 912 345 67 89",
    "two numbers": "+12025550143,+12025550144",
    "a newline": "+12025550143\n+12025550144",
    "a carriage return": "+12025550143\r\nBody: hello",
    "NUL": "+1202555\x000143",
    "too short": "555",
    "an extension": "+12025550143;ext=5",
    "nothing": "",
}


@pytest.mark.parametrize("number", REFUSED.values(), ids=REFUSED.keys())
def test_sm_02_junk_is_refused_and_never_reaches_the_provider(alice, number):
    response = start_phone(sign_in(alice), number)

    if number == REFUSED["an extension"] and response.status_code == 302:
        assert [text.to for text in outbox] == [E164]
        return
    assert response.status_code == 422
    assert outbox == []
    assert not SMSDevice.objects.exists()


def test_sm_02_arabic_digits_are_the_same_number_or_none(alice):
    response = start_phone(sign_in(alice), "+١٢٠٢٥٥٥٠١٤٣")

    assert [text.to for text in outbox] in ([], [E164])
    assert response.status_code in (302, 422)


def test_two_numbers_in_one_form_send_one_text_at_most(alice):
    sign_in(alice).post(f"{TWO_FACTOR}/enable", {"method": "sms", "phone_number": [NUMBER, "(202) 555-0144"]})

    assert len(outbox) <= 1


def test_an_unconfirmed_phone_counts_for_nothing(alice):
    start_phone(sign_in(alice))

    alice.refresh_from_db()
    assert not alice.is_enrolled
    assert Client().post("/session", {"username": "alice", "password": "x"}).status_code == 422


def test_reloading_sends_nothing(alice):
    client = sign_in(alice)
    start_phone(client)

    for _ in range(5):
        assert client.get(f"{TWO_FACTOR}/confirm").status_code == 200

    assert len(outbox) == 1


def test_send_again_waits_a_minute_and_replaces_the_code(alice):
    client = sign_in(alice)
    start_phone(client)
    first = newest_code()
    client.post(f"{TWO_FACTOR}/resend")
    assert len(outbox) == 1

    time_passes()
    client.post(f"{TWO_FACTOR}/resend")

    assert len(outbox) == 2
    response = client.post(f"{TWO_FACTOR}/confirm", {"code": first})
    if first != newest_code():
        assert b"A newer text message has replaced this code" in response.content
    assert client.post(f"{TWO_FACTOR}/confirm", {"code": newest_code()})["Location"] == CODES


def test_who_corrects_the_number_within_a_minute_is_told_to_wait(alice):
    client = sign_in(alice)
    start_phone(client, "(202) 555-0199")
    client.post(f"{TWO_FACTOR}/cancel")
    outbox.clear()

    start_phone(client)
    page = client.get(f"{TWO_FACTOR}/confirm")
    assert b"Too many text messages. Try again in " in page.content
    again = client.post(f"{TWO_FACTOR}/resend", follow=True)
    assert b"Too many text messages. Try again in " in again.content

    assert outbox == []


def both(client, user):
    """Enable the application with a phone number, and confirm the application."""
    client.post(f"{TWO_FACTOR}/enable", {"method": "app", "phone_number": NUMBER})
    app = Authenticator(user, key_on(client.get(f"{TWO_FACTOR}/confirm")))
    return app, followed(client, client.post(f"{TWO_FACTOR}/confirm", {"code": app.code()}))


def test_d26_two_factor_is_on_once_the_application_is_confirmed(alice):
    client = sign_in(alice)

    both(client, alice)

    alice.refresh_from_db()
    assert alice.is_enrolled
    assert outbox == []
    assert client.post(f"{CODES}/kept")["Location"] == f"{TWO_FACTOR}/confirm"
    page = client.get(f"{TWO_FACTOR}/confirm").content
    assert b"Two-factor authentication is on." in page
    assert b"Text me a code" in page
    assert b"Skip for now" in page
    assert b'name="code"' not in page  # there is none yet


def test_d26_the_phone_is_confirmed_next(alice):
    client = sign_in(alice)
    both(client, alice)

    client.post(f"{TWO_FACTOR}/resend")
    client.post(f"{TWO_FACTOR}/confirm", {"code": newest_code()})

    assert [factor.slug for factor in factors.of_user(alice)] == ["app", "sms"]


def test_d26_the_phone_may_wait_as_long_as_the_application_and_then_its_own_time(alice):
    client = sign_in(alice)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.post(f"{TWO_FACTOR}/enable", {"method": "app", "phone_number": NUMBER})
        app = Authenticator(alice, key_on(client.get(f"{TWO_FACTOR}/confirm")))
        clock.shift(14 * 60)
        Session.objects.update(proved_at=timezone.now())
        client.post(f"{TWO_FACTOR}/confirm", {"code": app.code()})
        clock.shift(4 * 60)
        call_command("run_due_work")

        client.post(f"{TWO_FACTOR}/resend")
        client.post(f"{TWO_FACTOR}/confirm", {"code": newest_code()})

    assert [factor.slug for factor in factors.of_user(alice)] == ["app", "sms"]


def test_a_second_method_is_added_later(alice):
    app = enrol(alice)
    client = sign_in(alice, app)

    response = start_phone(client)
    assert response.status_code == 302
    client.post(f"{TWO_FACTOR}/confirm", {"code": newest_code()})

    assert [factor.slug for factor in factors.of_user(alice)] == ["app", "sms"]


def test_sm_14_the_old_number_works_until_the_new_one_has_proved_itself(sam):
    client = enrolled_browser(sam)
    client.post(f"{TWO_FACTOR}/sms/replace", {"phone_number": "(202) 555-0199"})
    assert outbox[-1].to == "+12025550199"
    assert SMSDevice.objects.get(user=sam, confirmed=True).last_digits == "43"

    client.post(f"{TWO_FACTOR}/confirm", {"code": newest_code()})

    assert SMSDevice.objects.get(user=sam).last_digits == "99"


def enrolled_browser(user):
    time_passes()
    client = Client()
    client.post("/session", {"username": user.username, "password": "correct horse battery staple 42"})
    assert client.post("/session/two-factor", {"code": newest_code()}).status_code == 302
    time_passes()
    return client


def test_one_of_two_methods_can_be_removed_and_the_last_can_not(alice):
    app = enrol(alice)
    client = sign_in(alice, app)
    enrol_phone(alice, client)

    client.post(f"{TWO_FACTOR}/app/remove")
    assert [factor.slug for factor in factors.of_user(alice)] == ["sms"]

    client.post(f"{TWO_FACTOR}/sms/remove")
    assert [factor.slug for factor in factors.of_user(alice)] == ["sms"]
    alice.refresh_from_db()
    assert alice.is_enrolled


def test_sm_16_codes_are_spread_evenly(alice):
    factor = factors.get("sms")
    state = factor.begin_enrolment(alice, phone_number=E164)
    for _ in range(300):
        factor.challenge(alice, state)
    while messages.send_due():
        pass
    codes = [code_in(text.body) for text in outbox]

    assert len(codes) == 300
    for place in range(6):
        counts = [sum(code[place] == digit for code in codes) for digit in "0123456789"]
        assert min(counts) > 0, place
        assert sum((count - 30) ** 2 / 30 for count in counts) < 50, place  # chi square, p < 0.0000002


def test_nothing_of_the_number_or_the_code_is_stored_in_clear(alice):
    start_phone(sign_in(alice))

    rows = str(list(SMSDevice.objects.values())) + str(list(TextMessage.objects.values()))
    assert "5550143" not in rows
    assert newest_code() not in rows
