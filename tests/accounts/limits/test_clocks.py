"""The clock was a day ahead for a moment: what was done then lasts its length, and opens nothing."""

import logging
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.exceptions import RateLimited
from accounts.factors.sms.backends.locmem import outbox as texts
from accounts.factors.sms.models import Destination
from accounts.limits import Budget, successes
from accounts.limits.limiter import reserve
from accounts.models import ApiToken, RateLimit, User
from accounts.sessions.locks import counted
from organizations.models import Membership
from tests.accounts.factors.sms.conftest import enrol_phone, newest_code, number, start_phone
from tests.accounts.factors.sms.fraud import starts, unused
from tests.accounts.management.test_doctor import doctor
from tests.support.guessing import actor_in
from tests.support.mails import link_in
from tests.support.organizations import found
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_user, post_password, sign_in
from tests.support.two_factor import is_out, is_signed_in

pytestmark = pytest.mark.django_db(transaction=True)

DAY, HOUR = 86_400, 3600


@pytest.fixture
def ahead(clock):
    """with ahead(): the clock is a day ahead."""

    @contextmanager
    def for_a_moment(seconds=DAY):
        clock.shift(seconds)
        yield
        clock.shift(-seconds)

    return for_a_moment


# ---------------------------------------------------------------- limits


def test_of9_nobody_is_told_to_wait_for_a_day(clock, ahead, alice):
    with ahead():
        for _ in range(10):
            post_password(Client(), alice, "wrong")

    page = post_password(Client(), alice).content.decode()

    assert "Try again in 5 minutes." in page
    clock.shift(300)
    assert post_password(Client(), alice).status_code == 302


def act(actor):
    with counted(actor):
        pass


def test_of9_the_limit_of_actions_ends_although_refusals_are_rolled_back(clock, ahead, alice):
    actor = actor_in(sign_in(alice))
    with ahead():
        act(actor)
        RateLimit.objects.filter(key__startswith="action:").update(count=20_000)

    with pytest.raises(RateLimited) as refused:
        act(actor)
    assert refused.value.retry_after == DAY  # the longest window
    clock.shift(HOUR)
    with pytest.raises(RateLimited) as refused:
        act(actor)
    assert refused.value.retry_after == DAY - HOUR
    clock.shift(DAY - HOUR)

    act(actor)
    assert {row.count for row in RateLimit.objects.filter(key__startswith="action:")} == {1}


def test_of9_what_only_takes_power_away_goes_on_meanwhile(clock, ahead, alice):
    actor = actor_in(sign_in(alice))
    with ahead():
        act(actor)
        RateLimit.objects.filter(key__startswith="action:").update(count=20_000)

    with counted(actor, always=True):
        pass


LOUD = Budget("loud", (2, HOUR), alarm="somebody is loud")


def test_of9_an_alarm_of_a_clock_that_was_ahead_silences_no_later_one(clock, ahead, caplog):
    with ahead():
        for _ in range(2):
            reserve((LOUD, "x"))
    RateLimit.objects.filter(key="loud:x:3600").delete()  # tidied away, as it would be by then
    for _ in range(2):
        reserve((LOUD, "x"))

    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        LOUD.alarm
    ] * 2


def test_of9_successes_are_counted_in_a_window_that_ends_in_time(clock, ahead, alice):
    client = sign_in(alice)
    client.post("/session/logout")
    with ahead():
        for _ in range(3):
            post_password(Client(), alice)
    reserve(*successes.for_password(alice, "", actor=actor_in(Client()))).succeeded()

    for row in RateLimit.objects.filter(key__startswith="password:right:"):
        seconds = int(row.key.rpartition(":")[2])
        assert row.resets_at <= timezone.now() + timedelta(seconds=seconds)


# ---------------------------------------------------------------- texts


def test_of9_the_wait_for_the_next_text_is_a_minute_at_most(clock, ahead, alice):
    client = sign_in(alice)
    start_phone(client, number(0))
    with ahead():
        client = sign_in(alice)
        start_phone(client, number(1))
    client = sign_in(alice)

    page = start_phone(client, number(2))
    if page.status_code == 302:
        page = client.post(f"{TWO_FACTOR}/confirm/resend")

    wait = RateLimit.objects.get(key__startswith="text:user:", key__endswith=":60").resets_at - timezone.now()
    assert wait <= timedelta(seconds=60)


def test_of9_a_code_of_a_clock_that_was_ahead_opens_nothing(clock, ahead, transactional_db):
    sam = make_user("sam")
    enrol_phone(sam)
    with ahead():
        client = Client()
        post_password(client, sam)
        code = newest_code()

    assert client.post("/session/two-factor", {"code": code})["Location"] == "/session"
    assert is_out(client)


def paused():
    return Destination.objects.paused().get(key="US", purpose="set-up")


def test_of9_a_pause_against_fraud_stays_and_lasts_its_length_from_then_on(clock, ahead, transactional_db):
    with ahead():
        unused(20)
        sent = len(texts)
    refused = starts(91)

    assert refused.status_code == 422
    assert "We&#x27;ll try again tomorrow" in refused.content.decode()
    assert len(texts) == sent
    call_command("run_due_work")
    assert paused().paused_until == timezone.now() + timedelta(days=1)
    clock.shift(DAY - 1)
    assert starts(92).status_code == 422
    clock.shift(2)
    assert starts(93).status_code == 302


# ---------------------------------------------------------------- people, links, tokens


def test_of9_a_day_of_work_under_a_clock_that_was_ahead(clock, ahead, alice, mailoutbox):
    """Sessions, proofs, links, invitations and mails: none works longer, none keeps anybody out."""
    found("acme", alice)
    with ahead():
        client = sign_in(alice)
        client.post("/app/acme/settings/users/add", {"username": "eve@example.com"})
        Client().post("/account/password/forgot", {"email": alice.email})
        reset = link_in(mailoutbox[-1], "/account/password/reset/")
    invitation = Membership.objects.invited().get()

    assert is_out(client)  # its sign-in and its proof lie ahead
    assert Client().get(reset, follow=True).status_code in (200, 422)
    browser = Client()
    browser.get(reset)
    assert "too old" in browser.get("/account/password/reset").content.decode()
    assert invitation.is_expired

    client = sign_in(alice)  # at once
    assert is_signed_in(client, alice)
    assert client.post("/app/acme/settings/users/add", {"username": "eve@example.com"}).status_code == 302
    assert not Membership.objects.invited().get().is_expired
    Client().post("/account/password/forgot", {"email": alice.email})
    browser = Client()
    browser.get(link_in(mailoutbox[-1], "/account/password/reset/"))
    changed = browser.post("/account/password/reset", {"new_password": "an entirely different sentence"})
    assert changed.status_code == 302


def test_of9_no_work_that_was_held_up_under_such_a_clock_is_lost(clock, ahead, alice, mailoutbox):
    with ahead():
        Client().post("/account/new", {"username": "eve", "email": "eve@example.com", "password": PASSWORD})
    call_command("run_due_work")

    assert [mail.to for mail in mailoutbox] == [["eve@example.com"]]
    assert post_password(Client(), User(username="eve")).status_code == 302


def test_of9_a_token_from_before_does_not_count_as_made_behind_two_factor(clock, ahead, alice):
    """It seems to be younger than that, because the clock was ahead when it was made."""
    token = ApiToken.objects.create(
        owner=alice, verified=True, token_hash="x", created_at=timezone.now() + timedelta(days=1)
    )

    enrol(alice)
    clock.shift(2 * DAY)

    assert not ApiToken.objects.select_related("owner").get(pk=token.pk).counts_as_verified


# ---------------------------------------------------------------- doctor


@pytest.mark.parametrize("seconds", [60, DAY])
def test_of9_doctor_names_windows_that_end_later_than_they_can(clock, ahead, seconds):
    budget = Budget("short", (1, seconds), alarm="used up")
    with ahead():
        reserve((budget, "x"))

    code, output = doctor()

    assert code == 1
    assert "windows of limits end later than they can, in 2 counters such as 2 rows (" in output


def test_of9_doctor_names_failures_that_count_too_long_and_no_window_of_now(clock, ahead, alice):
    post_password(Client(), alice, "wrong")
    assert "WRONG: no times from the future" not in doctor()[1]

    with ahead():
        post_password(Client(), alice, "wrong")

    assert "accounts_auditevent.created_at lies in the future" in doctor()[1]
    RateLimit.objects.exclude(key__endswith=":failed").delete()
    assert "windows of limits end later than they can, in 2 counters" in doctor()[1]
