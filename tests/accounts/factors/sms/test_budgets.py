"""What texts may cost, and what a number that was guessed at a hundred times still gets: none (R37, D27)."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts import factors
from accounts.audit import Actor
from accounts.exceptions import MethodSetAside
from accounts.factors import challenges
from accounts.factors.base import MOST_FAILURES
from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.budgets import (
    BLOCK_ALARM,
    BLOCK_SET_UP_ALARM,
    DAY_ALARM,
    DAY_SET_UP_ALARM,
    SITE_ALARM,
    SITE_SET_UP_ALARM,
    UNUSED_ALARM,
)
from accounts.factors.sms.models import SMSDevice, TextMessage
from accounts.models import RateLimit
from accounts.sessions.store import SessionStore
from tests.accounts.factors.sms.conftest import (
    alarms,
    enrol_phone,
    newest_code,
    number,
    start_phone,
    time_passes,
)
from tests.accounts.factors.sms.fraud import ask_for_text
from tests.support.people import (
    TWO_FACTOR,
    Authenticator,
    enrol,
    key_on,
    make_user,
    post_password,
    sign_in,
)

CHALLENGE = "/session/two-factor"
SEND = "/session/two-factor-send-sms"
SUDO = "/session/sudo"
SET_ASIDE = "<strong>SMS (Text Message)</strong> no longer works"


# ---------------------------------------------------------------- budgets


def test_sm_08_many_accounts_with_one_number_get_one_text_each_and_share_the_others(
    transactional_db, moving_clock
):
    browsers = [
        sign_in(make_user(f"user{n}"), client=Client(REMOTE_ADDR=f"198.51.100.{n}")) for n in range(9)
    ]
    for client in browsers:
        start_phone(client)
    assert len(outbox) == 9

    moving_clock.shift(61)
    for client in browsers:
        client.post(f"{TWO_FACTOR}/resend")

    assert len(outbox) == 9 + 4


def test_sm_09_two_hundred_numbers_from_one_address_and_from_twenty(
    transactional_db, settings, moving_clock, caplog
):
    settings.SMS_HOURLY_BUDGET = 60
    alice = make_user("alice")
    app = enrol(alice)
    people = [make_user(f"user{n}") for n in range(60)]
    for n, user in enumerate(people[:30]):
        ask_for_text(user, "198.51.100.1", number(n))
    assert len(outbox) == 20
    start_phone(sign_in(make_user("on-a-page"), client=Client(REMOTE_ADDR="198.51.100.1")), number(0))
    assert len(outbox) == 20

    for n, user in enumerate(people[30:], start=30):
        ask_for_text(user, f"203.{n % 20}.113.1", number(n))

    assert len(outbox) == 30
    assert alarms(caplog) == [UNUSED_ALARM, SITE_SET_UP_ALARM]
    assert sign_in(alice, app).get(TWO_FACTOR).status_code == 200


def test_sm_09_an_address_has_twenty_texts_even_if_all_codes_are_used(transactional_db):
    for n in range(22):
        ask_for_text(make_user(f"user{n}"), "198.51.100.1", number(n))
        RateLimit.objects.filter(key__startswith="text:set-up:unused:").delete()  # as if this code were used

    assert len(outbox) == 20


def test_sm_09_one_ipv6_network_is_one_address(transactional_db):
    for n in range(19):
        ask_for_text(make_user(f"user{n}"), f"2001:db8:1:2::{n + 1:x}", number(n))
    for n in range(19, 22):
        client = Client(REMOTE_ADDR=f"2001:db8:1:2::{n + 1:x}")
        start_phone(sign_in(make_user(f"user{n}"), client=client), number(n))

    assert len(outbox) == 20


def test_r37_a_block_of_numbers_has_a_budget_and_an_alarm_and_leaves_others_theirs(
    transactional_db, settings, caplog
):
    settings.SMS_HOURLY_BUDGET_PER_PREFIX = 6
    for n in range(6):
        client = Client(REMOTE_ADDR=f"198.51.100.{n}")
        start_phone(sign_in(make_user(f"user{n}"), client=client), f"+1202555010{n}")
    assert len(outbox) == 3

    start_phone(sign_in(make_user("other"), client=Client(REMOTE_ADDR="198.51.100.9")), number(1))

    assert len(outbox) == 4
    assert alarms(caplog) == [BLOCK_SET_UP_ALARM]


def test_r37_the_alarm_is_sounded_once_in_each_hour_and_names_no_number(
    transactional_db, settings, moving_clock, caplog
):
    settings.SMS_HOURLY_BUDGET = 4
    for hour in range(2):
        for n in range(4):
            client = Client(REMOTE_ADDR=f"198.51.100.{n}")
            start_phone(sign_in(make_user(f"user{hour}{n}"), client=client), number(4 * hour + n))
        moving_clock.shift(3601)

    assert alarms(caplog) == [SITE_SET_UP_ALARM] * 2
    all_of_them = SITE_ALARM + BLOCK_ALARM + DAY_ALARM + SITE_SET_UP_ALARM + BLOCK_SET_UP_ALARM
    all_of_them += DAY_SET_UP_ALARM
    assert not any(character.isdigit() for character in all_of_them)


def log_in_by_text(user, client):
    """Whether a code comes, and opens the account."""
    outbox.clear()
    post_password(client, user)
    code = newest_code() if outbox else "000000"
    return client.post(CHALLENGE, {"code": code}).status_code == 302


def test_r37_who_sets_up_the_number_of_others_leaves_them_their_logins(sam, moving_clock):
    for n in range(6):
        start_phone(sign_in(make_user(f"user{n}"), client=Client(REMOTE_ADDR=f"198.51.100.{n}")))
        moving_clock.shift(61)
    assert len(outbox) == 6

    assert log_in_by_text(sam, Client(REMOTE_ADDR="203.0.113.1"))
    moving_clock.shift(61)
    assert log_in_by_text(sam, Client(REMOTE_ADDR="203.0.113.1"))


@pytest.mark.parametrize("budget", ["SMS_HOURLY_BUDGET_PER_PREFIX", "SMS_HOURLY_BUDGET", "SMS_DAILY_BUDGET"])
def test_r37_logins_of_a_block_and_of_the_site_have_a_budget(
    transactional_db, settings, moving_clock, budget
):
    people = [make_user(f"user{n}") for n in range(5)]
    for n, user in enumerate(people):
        enrol_phone(user, number=f"+1202555{140 + n:04d}")
    moving_clock.shift(25 * 3600)
    outbox.clear()

    setattr(settings, budget, 3)
    for user in people:
        post_password(Client(), user)

    assert len(outbox) == 3


def texts_in_three_hours(ask, clock):
    """How many texts went out in each hour, if `ask` is called with 0 to 7, a minute apart."""
    found = []
    for _hour in range(3):
        outbox.clear()
        for n in range(8):
            ask(n)
            clock.shift(61)
        found.append(len(outbox))
        clock.shift(3601)
    return found


def test_r37_five_texts_an_hour_and_ten_a_day_to_a_number_whoever_proved_it(sam, moving_clock):
    sue = make_user("sue")
    enrol_phone(sue)
    moving_clock.shift(24 * 3600)

    assert texts_in_three_hours(lambda n: post_password(Client(), [sam, sue][n % 2]), moving_clock) == [
        5,
        5,
        0,
    ]


def test_r37_five_texts_an_hour_and_ten_a_day_for_a_person_whatever_the_number(alice, moving_clock):
    def set_up(n):
        start_phone(sign_in(alice), number(n))

    set_up(20)
    set_up(21)
    assert len(outbox) == 1  # one in a minute
    moving_clock.shift(24 * 3600)
    assert texts_in_three_hours(set_up, moving_clock) == [5, 5, 0]


@pytest.mark.parametrize(
    ("budget", "alarm"),
    [
        ("SMS_HOURLY_BUDGET", SITE_SET_UP_ALARM),
        ("SMS_DAILY_BUDGET", DAY_SET_UP_ALARM),
        ("SMS_HOURLY_BUDGET_PER_PREFIX", BLOCK_SET_UP_ALARM),
    ],
)
def test_sf12_r37_set_ups_leave_logins_half_of_what_all_share(sam, settings, caplog, budget, alarm):
    setattr(settings, budget, 4)
    for n in range(6):
        client = Client(REMOTE_ADDR=f"198.51.100.{n}")
        start_phone(sign_in(make_user(f"user{n}"), client=client), f"+1202555010{n}")
    assert len(outbox) == 2

    assert log_in_by_text(sam, Client(REMOTE_ADDR="203.0.113.1"))
    assert alarms(caplog) == [alarm]


def test_r37_a_budget_of_none_sends_none(transactional_db, settings, caplog):
    settings.SMS_HOURLY_BUDGET = 0

    page = start_phone(sign_in(make_user("alice")))

    assert outbox == []
    assert page.status_code == 302
    assert not RateLimit.objects.filter(key__startswith="text:").exists()


def test_sf12_the_budget_of_a_day_ends_with_one_alarm_and_opens_again(
    transactional_db, settings, moving_clock, caplog
):
    settings.SMS_DAILY_BUDGET = 4
    for n in range(8):
        start_phone(sign_in(make_user(f"user{n}"), client=Client(REMOTE_ADDR=f"198.51.100.{n}")), number(n))
        moving_clock.shift(2 * 3600)  # the budgets of an hour play no part in it
    assert len(outbox) == 2

    moving_clock.shift(86_400)
    start_phone(sign_in(make_user("later"), client=Client(REMOTE_ADDR="198.51.100.9")), number(9))

    assert len(outbox) == 3
    assert alarms(caplog) == [DAY_SET_UP_ALARM]


def test_sf12_logins_have_all_that_set_ups_have_left_of_a_day(sam, settings, moving_clock, caplog):
    settings.SMS_DAILY_BUDGET = 2
    RateLimit.objects.all().delete()
    sent = []
    for _ in range(3):
        sent.append(log_in_by_text(sam, Client()))
        moving_clock.shift(3 * 3600)

    assert sent == [True, True, False]
    assert alarms(caplog) == [DAY_ALARM]


def test_sf12_without_a_setting_a_day_has_four_times_the_budget_of_an_hour(settings):
    assert settings.SMS_DAILY_BUDGET == 4 * settings.SMS_HOURLY_BUDGET


# ---------------------------------------------------------------- a number that is set aside


def wear_out(user):
    """The last of a hundred wrong codes in a row; returns the browser in which it was typed."""
    SMSDevice.objects.filter(user=user).update(failures=MOST_FAILURES - 1)
    client = Client()
    post_password(client, user)
    wrong = "000000" if newest_code() != "000000" else "111111"
    assert client.post(CHALLENGE, {"code": wrong}).status_code == 422
    assert SMSDevice.objects.get(user=user).set_aside_at
    time_passes()
    return client


def test_r16_a_hundred_wrong_codes_set_a_number_aside_and_its_code_is_dead(sam):
    client = wear_out(sam)

    assert client.post(CHALLENGE, {"code": newest_code()}).status_code == 422
    assert SET_ASIDE in client.get(CHALLENGE).content.decode()
    assert not TextMessage.objects.filter(used_at__isnull=False, purpose="login").exists()


def test_r16_a_number_that_was_set_aside_is_not_texted(sam):
    client = wear_out(sam)
    outbox.clear()

    page = client.get(CHALLENGE).content.decode()
    client.post(SEND)
    client.post(SEND, {"factor": "sms"})
    post_password(Client(), sam)

    assert outbox == []
    assert SEND not in page


def test_r16_nor_by_the_verb_itself(sam):
    wear_out(sam)

    with pytest.raises(MethodSetAside):
        challenges.challenge(
            sam,
            factors.get("sms"),
            {"purpose": "login"},
            session=SessionStore(),
            actor=Actor.command(),
        )


def test_r16_a_right_text_begins_anew(sam):
    SMSDevice.objects.filter(user=sam).update(failures=MOST_FAILURES - 1)
    client = Client()
    post_password(client, sam)

    assert client.post(CHALLENGE, {"code": newest_code()}).status_code == 302

    assert SMSDevice.objects.get(user=sam).failures == 0


def test_r16_the_other_method_goes_on_and_is_asked_first(sam):
    client = wear_out(sam)
    RateLimit.objects.all().delete()
    working = enrolled_as_well(sam)
    RateLimit.objects.all().delete()

    client = Client()
    post_password(client, sam)
    page = client.get(CHALLENGE).content.decode()
    assert SET_ASIDE in page
    assert 'name="factor" value="app"' in page
    assert client.post(CHALLENGE, {"code": working.fresh_code()}).status_code == 302


def enrolled_as_well(user):
    """Add the application, by way of a recovery code."""
    client = Client()
    post_password(client, user)
    code = factors.get("backup-codes").reveal(user)[0]
    assert client.post("/session/two-factor-recovery", {"code": code})["Location"] == TWO_FACTOR
    assert client.post(f"{TWO_FACTOR}/enable", {"method": "app"}).status_code == 302
    authenticator = Authenticator(user, key_on(client.get(f"{TWO_FACTOR}/confirm")))
    assert client.post(f"{TWO_FACTOR}/confirm", {"code": authenticator.code()}).status_code == 302
    return authenticator


def test_r16_the_last_method_that_works_stays(sam):
    wear_out(sam)
    RateLimit.objects.all().delete()
    authenticator = enrolled_as_well(sam)
    RateLimit.objects.all().delete()
    client = sign_in(sam, authenticator)

    page = client.post(f"{TWO_FACTOR}/app/remove", follow=True).content.decode()
    assert "This is your only working method." in page
    assert client.post(f"{TWO_FACTOR}/sms/remove").status_code == 302

    assert not SMSDevice.objects.filter(user=sam).exists()


def test_r16_the_same_number_can_be_given_again(sam):
    client = wear_out(sam)
    RateLimit.objects.all().delete()
    code = factors.get("backup-codes").reveal(sam)[0]
    client.post("/session/two-factor-recovery", {"code": code})
    response = client.post(f"{TWO_FACTOR}/sms/replace", {"phone_number": "(202) 555-0143"})
    assert response["Location"] == f"{TWO_FACTOR}/confirm"
    assert client.post(f"{TWO_FACTOR}/confirm", {"code": newest_code()}).status_code == 302

    device = SMSDevice.objects.get(user=sam)
    assert (device.failures, device.set_aside_at) == (0, None)


def test_r16_sudo_offers_no_text_to_it(sam, moving_clock):
    client = enrol_phone(make_user("tom"))
    tom = SMSDevice.objects.exclude(user=sam).get().user
    SMSDevice.objects.filter(user=tom).update(set_aside_at=timezone.now())
    moving_clock.shift(600)
    outbox.clear()

    page = client.get(SUDO).content.decode()
    client.post(SEND)

    assert SET_ASIDE in page
    assert SEND not in page
    assert outbox == []
