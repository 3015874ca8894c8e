"""Where codes are sent but not used, no more are sent: first to set up numbers, then at all (SF12)."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.exceptions import MethodPaused
from accounts.factors.sms import budgets
from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import Destination, SMSDevice, TextMessage
from accounts.models import AuditEvent, RateLimit
from tests.accounts.factors.sms.breaker import CONFIRM, ask, ask_often
from tests.accounts.factors.sms.conftest import alarms, newest_code, number, start_phone
from tests.accounts.factors.sms.fraud import (
    ask_for_text,
    begin,
    doctor,
    german,
    in_block,
    pause,
    pause_by_hand,
    sign_up,
    starts,
    unused,
    use_up_set_ups,
)
from tests.support.people import CODES, TWO_FACTOR, make_user

PAUSED = "Text messages to numbers in this country are paused at the moment: United States."
BLOCK_PAUSED = "Text messages to numbers that begin like this one are paused at the moment."


# ---------------------------------------------------------------- set-ups


def test_sf12_sm_18_twenty_unused_codes_pause_set_ups_in_a_country(transactional_db, caplog):
    begin(19)
    assert starts(50).status_code == 302
    assert len(outbox) == 20

    refused = starts(51)

    assert len(outbox) == 20
    assert refused.status_code == 422
    page = refused.content.decode()
    in_a_day = r"(tomorrow|on [\w ]+) at \d\d:\d\d UTC"
    told = rf"{re.escape(PAUSED)} We&#x27;ll try again {in_a_day}\. Use an authenticator app instead"
    assert re.search(told, page)
    assert not SMSDevice.objects.filter(user__username="newcomer51").exists()
    assert not AuditEvent.objects.filter(event="two_factor.started", actor="user:newcomer51").exists()
    assert alarms(caplog) == [
        "Text messages to US are paused for set-up: 0 of 20 codes for setting up numbers were used."
    ]
    assert "text messages to US for setting up numbers are paused until" in doctor()


def test_sf12_one_alarm_and_one_event_however_often_it_is_tried(transactional_db, caplog):
    unused(20)
    for n in range(50, 55):
        starts(n)

    assert len(alarms(caplog)) == 1
    [event] = AuditEvent.objects.filter(event="texts.paused")
    assert (event.actor, event.subject) == ("breaker", "texts:US")
    assert event.data == {"purpose": "set-up", "reason": "0 of 20 codes for setting up numbers were used"}


def test_sf12_other_countries_go_on(transactional_db):
    unused(20)

    assert starts(3, german).status_code == 302
    assert outbox[-1].to == german(3)


def test_sf12_a_block_is_paused_before_its_country(transactional_db, caplog):
    unused(20, in_block)

    assert BLOCK_PAUSED in starts(77, in_block).content.decode()
    assert starts(1).status_code == 302
    [alarm] = alarms(caplog)
    assert alarm.startswith("Text messages to a block of numbers in US are paused for set-up: 0 of 20 codes")
    assert "text messages to US ••55 •••• for setting up numbers are paused" in doctor()
    assert "20255501" not in caplog.text + str(list(Destination.objects.values()))


def test_sf12_a_block_stays_paused_under_a_new_key(transactional_db, settings):
    unused(20, in_block)

    settings.ENCRYPTION_KEYS = ["another key, which is long enough and new", *settings.ENCRYPTION_KEYS]

    assert BLOCK_PAUSED in starts(77, in_block).content.decode()


@pytest.mark.parametrize(("used", "paused"), [(1, True), (2, False)])
def test_sf12_one_code_in_ten_is_enough(transactional_db, used, paused):
    for client, code in begin(used):
        assert client.post(CONFIRM, {"code": code})["Location"] == CODES

    unused(20 - used, start=used)

    assert bool(pause("US")) is paused


def test_sf12_codes_that_were_only_slow_end_the_pause(transactional_db, caplog):
    """Twenty people in one course begin at the same moment: their codes are on their way, not unused."""
    browsers = begin(2)
    unused(18, start=2)
    assert pause("US")

    for client, code in browsers:
        assert client.post(CONFIRM, {"code": code})["Location"] == CODES

    assert starts().status_code == 302
    assert outbox[-1].to == number(90)
    assert [event.event for event in AuditEvent.objects.filter(subject="texts:US").order_by("pk")] == [
        "texts.paused",
        "texts.resumed",
    ]


def test_sf12_a_wrong_code_and_a_code_that_came_too_late_are_not_used(transactional_db):
    late, other = begin(2)
    unused(18, start=2)
    other[0].post(CONFIRM, {"code": "000000" if other[1] != "000000" else "111111"})
    TextMessage.objects.update(expires_at=timezone.now())
    assert late[0].post(CONFIRM, {"code": late[1]}).status_code == 422

    assert pause("US").used == 0


def test_sf12_an_hour_begins_anew(transactional_db, moving_clock):
    unused(15)
    moving_clock.shift(3601)
    unused(15, start=20)
    assert not pause("US")

    unused(5, start=40)
    assert pause("US")


def test_sf12_texts_that_the_provider_refused_cost_nothing_and_do_not_count(transactional_db, by_twilio):
    by_twilio.mode = "500"
    for n in range(21):
        start_phone(sign_up(f"stranger{n}", f"203.{n}.113.1"), number(n))

    assert len(by_twilio.messages) == 21
    assert not Destination.objects.exists()


# ---------------------------------------------------------------- what it takes to abuse it


def test_sf12_sm_19_one_network_pauses_nothing(transactional_db, settings):
    unused(20, ip="203.0.113.1")

    assert not Destination.objects.paused().exists()
    assert Destination.objects.get(key="US").sent == 5


@pytest.mark.parametrize("ip", ["203.0.113.{}", "2001:db8:1:{}::1"], ids=["/24", "/48"])
def test_sf12_a_fraudster_with_a_few_addresses_of_one_network_gets_twenty_texts(
    transactional_db, moving_clock, caplog, ip
):
    """The place goes on for others; his network is told to use an application."""
    for n in range(60):
        ask_for_text(make_user(f"stranger{n}"), ip.format(n % 3), number(n))

    assert len(outbox) == 20
    assert alarms(caplog) == [budgets.UNUSED_ALARM]
    assert Destination.objects.get(key="US").sent == 5
    assert not Destination.objects.paused().exists()
    start_phone(sign_up("neighbour", ip.format(9)), number(91))
    assert len(outbox) == 20
    starts(92)
    assert outbox[-1].to == number(92)
    moving_clock.shift(3601)
    ask_for_text(make_user("later"), ip.format(0), number(93))
    assert outbox[-1].to == number(93)


def test_sf12_codes_that_are_used_are_given_back_to_their_network(transactional_db, moving_clock):
    for n in range(30):
        browser = sign_up(f"colleague{n}", f"203.0.113.{n % 3}")
        start_phone(browser, number(n))
        assert browser.post(CONFIRM, {"code": newest_code()})["Location"] == CODES

    assert len(outbox) == 30
    assert RateLimit.objects.get(key="text:set-up:unused:network:203.0.113.0/24:3600").count == 0


def test_sf12_a_code_that_is_used_in_the_next_hour_gives_nothing_back_to_it(transactional_db, moving_clock):
    """Otherwise late codes would make room for unused ones."""
    ask_for_text(make_user("first"), "203.0.113.1", number(0))
    moving_clock.shift(3590)
    browser = sign_up("late", "203.0.113.1")
    start_phone(browser, number(1))
    code = newest_code()
    moving_clock.shift(20)
    ask_for_text(make_user("next"), "203.0.113.2", number(2))
    assert browser.post(CONFIRM, {"code": code})["Location"] == CODES

    assert RateLimit.objects.get(key="text:set-up:unused:network:203.0.113.0/24:3600").count == 1


def test_sf12_many_networks_of_one_ipv6_site_are_one(transactional_db):
    unused(20, ip="2001:db8:1:{n}::1")

    assert not Destination.objects.paused().exists()


def test_sf12_sm_19_one_person_pauses_nothing(alice):
    for n in range(24):
        ask_for_text(alice, f"203.{n}.113.1", number(n))
        RateLimit.objects.filter(key__startswith="text:user").delete()

    assert len(outbox) == 24
    assert Destination.objects.get(key="US").sent == 3


def test_sf12_sm_19_one_number_pauses_nothing(transactional_db):
    unused(24, lambda n: number(0))

    assert len(outbox) == 24
    assert not Destination.objects.paused().exists()


def test_sf12_few_blocks_do_not_pause_a_country(transactional_db, settings):
    unused(30, lambda n: number(n % 2 + 16 * (n // 2)))

    assert not pause("US")


# ---------------------------------------------------------------- how it ends


def test_sf12_set_ups_are_tried_again_after_a_day_and_logins_after_an_hour(owners, moving_clock):
    use_up_set_ups()
    began = timezone.now()
    ask_often(owners, moving_clock)
    paused = pause("US", "login")

    moving_clock.move_to(paused.paused_until - timedelta(seconds=1))
    ask(owners[7])
    assert len(outbox) == 20
    moving_clock.shift(2)
    ask(owners[7])
    assert len(outbox) == 21

    moving_clock.move_to(began + timedelta(hours=24) - timedelta(seconds=1))
    assert starts(60).status_code == 422
    moving_clock.shift(2)
    assert starts(61).status_code == 302


def test_sf12_a_code_that_is_used_after_a_pause_ends_nothing_more(transactional_db, moving_clock):
    use_up_set_ups()
    moving_clock.shift(86_400 + 1)

    [(client, code)] = begin(1, start=30)
    assert client.post(CONFIRM, {"code": code})["Location"] == CODES

    assert not AuditEvent.objects.filter(event="texts.resumed").exists()
    row = Destination.objects.get(key="US", purpose="set-up")
    assert (row.sent, row.used) == (1, 1)


def test_sf12_texts_that_are_sent_at_the_same_moment_are_all_counted_and_pause_once(transactional_db, caplog):
    """Forty in eight threads, each by another person, in another network, to another number."""

    def send(thread):
        with closing(connection), suppress(MethodPaused):
            unused(5, start=5 * thread)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(8)))

    assert Destination.objects.get(key="US", purpose="set-up").sent >= 20
    assert AuditEvent.objects.filter(event="texts.paused", subject="texts:US").count() == 1
    assert len(alarms(caplog)) == 1


def test_sf12_a_pause_lasts_a_day_whatever_the_clock_was(transactional_db, moving_clock):
    moving_clock.shift(7 * 86_400)
    use_up_set_ups()
    moving_clock.shift(-7 * 86_400)

    assert starts(91).status_code == 422  # a wrong clock is no way around it
    call_command("run_due_work", stdout=StringIO())
    moving_clock.shift(86_401)
    assert starts(92).status_code == 302


def test_sf12_old_counts_are_tidied_up_and_pauses_stay(transactional_db, moving_clock):
    unused(3)
    pause_by_hand("DE")
    moving_clock.shift(2 * 86_400)
    call_command("run_due_work", stdout=StringIO())

    assert list(Destination.objects.all()) == [pause("DE")]


def test_sf12_a_pause_between_the_number_and_the_text_is_told(transactional_db):
    client = sign_up("alice", "198.51.100.1")
    client.post(f"{TWO_FACTOR}/enable", {"method": "sms", "phone_number": number(0)})
    pause_by_hand("US")
    RateLimit.objects.all().delete()
    outbox.clear()

    page = client.post(f"{TWO_FACTOR}/resend", follow=True).content.decode()

    assert outbox == []
    assert page.count(PAUSED) == 1
    assert "We don&#x27;t know yet when we can send them again. Use an authenticator app instead" in page


def test_sf12_the_application_is_not_begun_with_a_number_that_is_paused(transactional_db):
    use_up_set_ups()
    client = sign_up("alice", "198.51.100.1")

    response = client.post(f"{TWO_FACTOR}/enable", {"method": "app", "phone_number": number(0)})

    assert response.status_code == 422
    assert PAUSED in response.content.decode()
    assert not AuditEvent.objects.filter(event="two_factor.started", actor="user:alice").exists()


def test_sf12_nothing_of_a_block_is_stored_in_clear(transactional_db):
    unused(3, in_block)

    assert "2025550" not in str(list(Destination.objects.values())) + str(list(TextMessage.objects.values()))
