"""A hundred wrong codes in a row, and the device has taken its last one (D27; NIST SP 800-63B-4, 3.2.2)."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts import factors
from accounts.factors.base import MOST_FAILURES
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, RateLimit
from tests.support.database import events_unprotected
from tests.support.faults import fault_at
from tests.support.guessing import Guesser
from tests.support.mails import subjects
from tests.support.people import PASSWORD, TWO_FACTOR, Authenticator, key_on, sign_in
from tests.support.two_factor import (
    CHALLENGE,
    HOME,
    INVALID,
    RECOVERY,
    SUDO,
    act,
    answer,
    events_of,
    guess_wrong,
    let_sudo_expire,
    pending,
    recover,
)

pytestmark = pytest.mark.django_db(transaction=True)

NO_LONGER = "<strong>Application</strong> no longer works, because there were 100 wrong codes in a row."
MAIL = "Your two-factor device no longer works"


def device_of(user):
    return TOTPDevice.objects.get(user=user, confirmed=True)


def let_have_failed(user, times):
    TOTPDevice.objects.filter(user=user, confirmed=True).update(failures=times)


@pytest.fixture
def worn_out(clock, alice, app_of_alice):
    """alice's application was guessed at a hundred times; this is the browser of whoever did."""
    let_have_failed(alice, MOST_FAILURES - 1)
    client = pending(alice)
    guess_wrong(client, app_of_alice, 1)
    return client


def test_r16_a_hundred_wrong_codes_in_a_row_over_days_set_the_device_aside(clock, alice, app_of_alice):
    guessed = 0
    while device_of(alice).set_aside_at is None:
        guesser = Guesser(alice)
        assert guesser.enter(PASSWORD)
        while device_of(alice).set_aside_at is None and guesser.guess(app_of_alice.wrong_code()):
            guessed += 1
        clock.shift(3600)

    assert guessed == 100
    assert events_of(alice).count("two_factor.set_aside") == 1
    clock.shift(24 * 3600)  # all budgets are open again
    assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 422


def test_r16_ninety_nine_leave_it_and_success_begins_anew(clock, alice, app_of_alice):
    let_have_failed(alice, MOST_FAILURES - 2)
    guess_wrong(pending(alice), app_of_alice, 1)
    assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 302
    assert device_of(alice).failures == 0

    guess_wrong(pending(alice), app_of_alice, 1)

    assert (device_of(alice).failures, device_of(alice).set_aside_at) == (1, None)


def test_r16_sudo_counts_as_well(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    let_have_failed(alice, MOST_FAILURES - 1)

    response = answer(client, app_of_alice.wrong_code(), SUDO)

    assert NO_LONGER in response.content.decode()
    assert device_of(alice).set_aside_at


def test_a_right_code_no_longer_signs_in(clock, alice, app_of_alice, worn_out):
    for client in (worn_out, pending(alice)):
        assert answer(client, app_of_alice.fresh_code()).status_code == 422
    assert "login.succeeded" not in events_of(alice)[-3:]


def test_a_repeat_of_the_last_right_code_is_a_failure_like_others(clock, alice, app_of_alice):
    code = app_of_alice.fresh_code()
    assert answer(pending(alice), code).status_code == 302
    let_have_failed(alice, MOST_FAILURES - 1)
    client = pending(alice)
    guess_wrong(client, app_of_alice, 1)

    assert answer(client, code).status_code == 422
    assert events_of(alice)[-1] == "two_factor.failed"


def test_repeats_do_not_wear_it_out(clock, alice, app_of_alice):
    code = app_of_alice.fresh_code()
    assert answer(pending(alice), code).status_code == 302
    let_have_failed(alice, MOST_FAILURES - 1)

    for _ in range(3):
        assert answer(pending(alice), code).status_code == 422

    assert device_of(alice).set_aside_at is None


def test_throttled_attempts_do_not_wear_it_out(clock, alice, app_of_alice):
    client = pending(alice)
    guess_wrong(client, app_of_alice, 5)
    let_have_failed(alice, MOST_FAILURES - 1)

    assert answer(client, app_of_alice.wrong_code()).status_code == 429

    assert device_of(alice).set_aside_at is None


def test_the_account_stays_protected(alice, worn_out):
    alice.refresh_from_db()

    assert alice.is_enrolled
    assert worn_out.get(HOME)["Location"].startswith("/session?")


def test_the_owner_is_told_once_and_so_is_the_record(clock, alice, app_of_alice, worn_out, mailoutbox):
    answer(worn_out, app_of_alice.wrong_code())

    assert subjects(mailoutbox, alice.email).count(MAIL) == 1
    assert events_of(alice).count("two_factor.set_aside") == 1
    event = AuditEvent.objects.get(event="two_factor.set_aside")
    assert event.data == {"method": "app"}
    mail = next(mail for mail in mailoutbox if mail.subject == MAIL)
    assert f"{TWO_FACTOR}\n" in mail.body


def test_f23_the_last_failure_is_recorded_and_told_or_nothing_of_it_is_done(clock, alice, app_of_alice):
    for number in range(1, 20):
        TOTPDevice.objects.filter(user=alice).update(failures=MOST_FAILURES - 1, set_aside_at=None)
        RateLimit.objects.all().delete()
        with events_unprotected():
            AuditEvent.objects.filter(user_id=alice.pk).delete()
        client = pending(alice, Client(raise_request_exception=False))

        with fault_at(number) as fault:
            response = answer(client, app_of_alice.wrong_code())

        done = device_of(alice).set_aside_at is not None
        where = f"write {number}: {fault.statement}"
        recorded = [event for event in events_of(alice) if event.startswith("two_factor")]
        assert recorded == (["two_factor.failed", "two_factor.set_aside"] if done else []), where
        assert device_of(alice).failures == (MOST_FAILURES if done else MOST_FAILURES - 1), where
        if not fault.struck:
            assert (response.status_code, done) == (422, True)
            assert number > 5
            return
    pytest.fail("it never ends")


def test_login_says_what_to_do_at_once_and_again_later(alice, app_of_alice, worn_out):
    again = pending(alice)
    for page in (worn_out.get(CHALLENGE), again.get(CHALLENGE), answer(again, "123456")):
        text = page.content.decode()

        assert NO_LONGER in text
        assert f'href="{RECOVERY}">Use a recovery code</a>' in text
        assert 'name="code"' not in text
        assert INVALID not in text


def test_a_recovery_code_leads_to_where_it_is_replaced(clock, alice, app_of_alice, worn_out):
    assert recover(worn_out, app_of_alice.codes[0])["Location"] == TWO_FACTOR

    page = worn_out.get(TWO_FACTOR).content.decode()
    assert "Replace the device that no longer works" in page
    assert "No longer works</span>" in page
    act(worn_out, "app/replace")
    new = Authenticator(alice, key_on(worn_out.get(f"{TWO_FACTOR}/confirm")))
    assert answer(worn_out, new.code(), f"{TWO_FACTOR}/confirm").status_code == 302
    assert (device_of(alice).failures, device_of(alice).set_aside_at) == (0, None)
    RateLimit.objects.all().delete()
    assert answer(pending(alice), new.fresh_code()).status_code == 302


def test_who_is_signed_in_gets_sudo_by_a_recovery_code(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    let_have_failed(alice, MOST_FAILURES - 1)
    guess_wrong(pending(alice), app_of_alice, 1)
    clock.shift(600)

    page = client.get(SUDO).content.decode()
    assert NO_LONGER in page
    assert 'value="backup-codes"' in page
    fields = {"code": app_of_alice.codes[0], "factor": "backup-codes", "next": TWO_FACTOR}
    assert client.post(SUDO, fields)["Location"] == TWO_FACTOR


def test_recovery_codes_are_never_set_aside(clock, alice, app_of_alice):
    for _ in range(11):
        assert Guesser(alice).guess_until_refused(lambda: "00000-0000-0000", "backup-codes") == 10
        clock.shift(86_400)

    assert recover(pending(alice), app_of_alice.codes[0]).status_code == 302


def test_wrong_codes_for_a_device_that_is_being_set_up_are_not_counted_here(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    act(client, "app/replace")
    new = Authenticator(alice, key_on(client.get(f"{TWO_FACTOR}/confirm")))

    guess_wrong(client, new, 3, f"{TWO_FACTOR}/confirm")

    assert device_of(alice).failures == 0


def test_disabling_is_still_possible(alice, app_of_alice, worn_out):
    recover(worn_out, app_of_alice.codes[0])

    assert act(worn_out, "disable", password=PASSWORD)["Location"] == TWO_FACTOR

    assert not TOTPDevice.objects.filter(user=alice).exists()


@pytest.fixture
def without_backup_factor(settings):
    settings.SECOND_FACTORS = [path for path in settings.SECOND_FACTORS if "backup" not in path]
    factors.all_factors.cache_clear()
    yield
    factors.all_factors.cache_clear()


def test_the_password_does_not_take_its_place_even_where_nothing_else_is_left(
    alice, app_of_alice, without_backup_factor
):
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)
    TOTPDevice.objects.update(set_aside_at=timezone.now())

    response = client.post(SUDO, {"password": PASSWORD})

    assert response.status_code == 422
    assert "no longer works" in response.content.decode()
    assert act(client, "reveal-codes")["Location"].startswith(SUDO)
