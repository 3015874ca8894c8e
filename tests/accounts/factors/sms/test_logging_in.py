"""A code by text at login and for sudo (R35 to R37, D26)."""

import re
import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import SMSDevice, TextMessage
from accounts.models import RateLimit, Session
from tests.accounts.factors.sms.conftest import enrol_phone, newest_code, time_passes
from tests.accounts.factors.sms.logging_in import (
    answer,
    ask,
    has_sudo,
    is_in,
    refused,
    sudo,
    texted_by,
    wrong,
)
from tests.support import environment
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_user, post_password, sign_in
from tests.support.waiting import wait_until


def test_the_password_has_the_code_sent_at_once_and_the_code_logs_in(sam):
    client = ask(sam)
    assert len(outbox) == 1

    answer(client, newest_code())

    assert is_in(client)


def test_sm_03_five_wrong_codes_kill_the_right_one(sam):
    client = ask(sam)
    code = newest_code()
    for _ in range(5):
        answer(client, wrong(code))
    RateLimit.objects.all().delete()  # the budget of the account is another story

    answer(client, code)

    assert not is_in(client)


def test_sm_04_a_code_dies_after_five_minutes(clock, sam):
    for seconds, good in [(5 * 60 - 1, True), (5 * 60, False)]:
        client = ask(sam)
        clock.shift(seconds)

        answer(client, newest_code())

        assert is_in(client) is good, seconds


def test_a_code_lives_five_minutes_even_if_the_clock_is_set_back(sam):
    client = ask(sam)
    code = newest_code()
    sent = TextMessage.objects.latest("pk").expires_at
    TextMessage.objects.update(expires_at=sent + timedelta(days=1))  # as the clock of tomorrow writes it

    assert refused(answer(client, code))
    assert not is_in(client)

    TextMessage.objects.update(expires_at=sent)
    answer(client, code)
    assert is_in(client)


@pytest.mark.parametrize(
    ("age", "wait"), [(0, 60), (59, 1), (60, 0), (3600, 0), (-30, 0), (-86_400, 0), (-(10**8), 0)]
)
def test_nobody_waits_longer_than_a_minute_whatever_the_clock_was(sam, age, wait):
    with time_machine.travel(timezone.now(), tick=False):
        client = ask(sam)
        TextMessage.objects.update(created_at=timezone.now() - timedelta(seconds=age))

        page = client.get("/session/two-factor").content.decode()

    assert f'data-wait="{wait}"' in page


def test_sm_05_the_newer_code_replaces_the_older(sam):
    client = ask(sam)
    first = newest_code()
    time_passes()
    client.post("/session/two-factor-send-sms")
    assert len(outbox) == 2

    response = answer(client, first)
    if first != newest_code():
        assert b"A newer text message has replaced this code" in response.content
        assert not is_in(client)
    answer(client, newest_code())

    assert is_in(client)


def test_sm_06_ten_clicks_and_twenty_reloads_are_one_text(sam):
    client = ask(sam)
    for _ in range(10):
        client.post("/session/two-factor-send-sms")
    for _ in range(20):
        client.get("/session/two-factor")

    assert len(outbox) == 1

    time_passes()
    client.get("/session/two-factor")  # nor when the next one may be sent
    assert len(outbox) == 1


def test_sm_06_five_texts_an_hour(sam):
    RateLimit.objects.all().delete()
    client = ask(sam)
    for _ in range(9):
        RateLimit.objects.filter(key__endswith=":60").delete()
        client.post("/session/two-factor-send-sms")

    assert len(outbox) == 5


def test_sm_07_no_text_before_a_right_password(sam):
    for name in ["sam", "nobody"]:
        for _ in range(5):
            Client().post("/session", {"username": name, "password": "not the password of sam"})

    assert outbox == []


def test_sm_08_one_number_on_many_accounts_has_one_limit(transactional_db):
    people = [make_user(f"user{number}") for number in range(4)]
    for user in people:
        enrol_phone(user)
    outbox.clear()

    for user in people:
        post_password(Client(), user)

    assert len(outbox) == 1


def test_sm_09_the_budget_of_an_address_and_of_the_site(settings, sam):
    settings.SMS_HOURLY_BUDGET = 3
    RateLimit.objects.all().delete()
    client = ask(sam)
    for _ in range(6):
        RateLimit.objects.filter(key__startswith="text:user").delete()
        RateLimit.objects.filter(key__startswith="text:number").delete()
        client.post("/session/two-factor-send-sms")

    assert len(outbox) == 3


def test_d26_a_second_login_within_a_minute_shows_the_countdown(sam):
    ask(sam)
    second = ask(sam)

    page = second.get("/session/two-factor").content.decode()

    assert len(outbox) == 1
    assert "You can have another one in" in page
    assert "Too many text messages" not in page


def test_sm_12_pages_show_no_code_and_no_number(sam):
    client = ask(sam)

    page = client.get("/session/two-factor").content.decode()

    assert newest_code() not in page
    assert "••43" in page
    assert not re.search(r"555\D?01", page)


@pytest.fixture
def both(alice):
    """alice has an application and a phone; this is the application."""
    app = enrol(alice)
    enrol_phone(alice, sign_in(alice, app))
    outbox.clear()
    return app


def test_with_both_the_application_is_asked_and_a_text_is_offered(alice, both):
    client = ask(alice)
    assert outbox == []
    assert b"Text me a code" in client.get("/session/two-factor").content

    client.post("/session/two-factor-send-sms")
    client.post("/session/two-factor", {"code": newest_code(), "factor": "sms"})

    assert is_in(client)


def test_with_both_the_application_still_works_after_a_text(alice, both):
    client = ask(alice)
    client.post("/session/two-factor-send-sms")

    client.post("/session/two-factor", {"code": both.fresh_code(), "factor": "app"})

    assert is_in(client)


def test_tf2_a_text_for_a_login_that_the_application_completed_grants_no_sudo(alice, both):
    client = ask(alice)
    code = texted_by(client, "login")
    client.post("/session/two-factor", {"code": both.fresh_code(), "factor": "app"})
    assert is_in(client)
    Session.objects.update(proved_at=None)

    assert refused(sudo(client, code))
    assert not has_sudo(client)


def test_r16_the_application_and_texts_share_one_budget(alice, both):
    client = ask(alice)
    client.post("/session/two-factor-send-sms", {"factor": "sms"})
    code = newest_code()
    wrong_codes = [("app", both.wrong_code())] * 3 + [("sms", wrong(code))] * 2

    for factor, guess in wrong_codes:
        response = client.post("/session/two-factor", {"code": guess, "factor": factor})
        assert response.status_code == 422

    for factor, right in (("sms", code), ("app", both.fresh_code())):
        response = client.post("/session/two-factor", {"code": right, "factor": factor})
        assert response.status_code == 429, factor
    assert not is_in(client)


def test_sm_07_nobody_else_can_have_a_text_sent(sam, mallory):
    Client().post("/session/two-factor-send-sms", {"factor": "sms", "user": sam.pk})
    sign_in(mallory).post("/session/two-factor-send-sms", {"factor": "sms", "user": sam.pk})

    assert outbox == []


def test_disabling_removes_the_phone_and_its_codes(sam):
    client = ask(sam)
    answer(client, newest_code())

    client.post(f"{TWO_FACTOR}/disable", {"password": PASSWORD})

    assert not SMSDevice.objects.exists()
    assert not TextMessage.objects.exists()


def wait_for_a_lock(cursor):
    def somebody_waits():
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]

    wait_until(somebody_waits, lambda: "nobody waits for a lock")


def test_send_again_locks_in_the_order_of_an_answer(sam):
    """The user, then the pending login: the other way round each would wait for the other (deadlock)."""
    if environment.KIND != "postgresql":
        return  # SQLite has one lock for everything
    client = Client()
    post_password(client, sam)
    time_passes()
    other = connections.create_connection("default")

    def send_again():
        client.post("/session/two-factor-send-sms")
        connections.close_all()

    sending = threading.Thread(target=send_again)
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM accounts_user WHERE id = %s FOR NO KEY UPDATE", [sam.pk])
            sending.start()
            wait_for_a_lock(cursor)
            cursor.execute(
                "SELECT 1 FROM accounts_session WHERE pending_user_id = %s FOR NO KEY UPDATE NOWAIT", [sam.pk]
            )
            assert cursor.fetchone()
    finally:
        other.rollback()
        other.close()
        sending.join()
