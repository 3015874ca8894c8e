"""How often one may guess: one budget for six-digit codes at all doors, one for backup codes (R16 to R18)."""

import re
from collections import Counter

import pytest
from django.test import Client

from accounts.models import RateLimit
from tests.support.faults import fault_at
from tests.support.guessing import Guesser
from tests.support.people import (
    PASSWORD,
    TWO_FACTOR,
    Authenticator,
    enrol,
    key_on,
    post_password,
    sign_in,
    start_enrolment,
)
from tests.support.two_factor import (
    INVALID,
    RECOVERY,
    SUDO,
    act,
    answer,
    events_of,
    guess_wrong,
    is_signed_in,
    pending,
    recover,
    same_browser,
)

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = f"{TWO_FACTOR}/confirm"
MINUTE, HOUR, DAY = 60, 3600, 86_400
WRONG_BACKUP_CODE = "00000-0000-0000"


def counts(user, budget="code"):
    """What strangers have spent: {seconds of the window: attempts}"""
    return spent(f"{budget}:user:{user.pk}:")


def counts_of_browsers(user, budget="code"):
    """What known browsers have spent, of which these tests have one for each person."""
    return spent(f"{budget}:browser:user:{user.pk}:") | spent(f"{budget}:browsers:user:{user.pk}:")


def spent(prefix):
    totals: Counter[int] = Counter()
    for key, count in RateLimit.objects.filter(key__startswith=prefix).values_list("key", "count"):
        totals[int(key.rpartition(":")[2])] += count
    return dict(totals)


def is_refused(response, *, minutes=0, seconds=0):
    """Told to wait so long, and nothing else."""
    wait = minutes * 60 + seconds
    text = f"Try again in {wait // 60} minutes." if wait >= 120 else f"Try again in {wait} second"
    text = text if wait < 3600 else r"Try again (today|tomorrow) at \d\d:\d\d UTC\."
    page = response.content.decode()
    return (
        response.status_code == 429
        and int(response["Retry-After"]) == wait
        and re.search(rf"Too many wrong (recovery )?codes\. {text}", page) is not None
        and INVALID not in page
    )


def guess_until_refused(user, app):
    """Wrong codes at the login, as fast as they are taken; returns how many were looked at."""
    return Guesser(user).guess_until_refused(app.wrong_code)


def test_lg_12_the_sixth_attempt_waits_and_later_the_right_code_works(clock, alice, app_of_alice):
    client = pending(alice)
    guess_wrong(client, app_of_alice, 5)
    clock.shift(60)
    code = app_of_alice.fresh_code()

    assert is_refused(answer(client, code), minutes=4)
    clock.shift(239)
    assert is_refused(answer(client, app_of_alice.code()), seconds=1)
    clock.shift(1)
    assert answer(client, app_of_alice.code()).status_code == 302


def test_r16_a_refused_attempt_consumes_no_code_and_records_nothing(clock, alice, app_of_alice):
    client = pending(alice)
    guess_wrong(client, app_of_alice, 5)
    before, spent = events_of(alice), counts(alice)

    assert answer(client, app_of_alice.fresh_code()).status_code == 429

    assert (events_of(alice), counts(alice)) == (before, spent)
    RateLimit.objects.all().delete()
    assert answer(client, app_of_alice.code()).status_code == 302


def test_lg_13_twenty_in_an_hour(clock, alice, app_of_alice):
    for _ in range(4):
        assert guess_until_refused(alice, app_of_alice) == 5
        clock.shift(5 * MINUTE)
    clock.shift(-5 * MINUTE)
    # Both windows are used up: the wait is that of the longer one.
    assert is_refused(answer(pending(alice), app_of_alice.fresh_code()), minutes=45)
    clock.shift(5 * MINUTE)

    assert is_refused(answer(pending(alice), app_of_alice.fresh_code()), minutes=40)
    clock.shift(40 * MINUTE)
    assert guess_until_refused(alice, app_of_alice) == 5


def test_r16_fifty_in_a_day(clock, alice, app_of_alice):
    guessed = []
    for _hour in range(3):
        for _ in range(4):
            guessed.append(guess_until_refused(alice, app_of_alice))
            clock.shift(5 * MINUTE)
        clock.shift(40 * MINUTE)

    assert guessed == [5] * 10 + [0, 0]
    assert is_refused(answer(pending(alice), app_of_alice.fresh_code()), minutes=21 * 60)
    clock.shift(21 * HOUR)
    assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 302


def test_r16_login_sudo_and_replacing_share_one_budget(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    act(client, "app/replace")
    new = Authenticator(alice, key_on(client.get(CONFIRM)))

    guess_wrong(pending(alice, same_browser(client)), app_of_alice, 2)
    guess_wrong(client, app_of_alice, 2, SUDO)
    guess_wrong(client, new, 1, CONFIRM)

    assert counts_of_browsers(alice) == {300: 5, HOUR: 5, DAY: 5}
    login = pending(alice, same_browser(client))
    assert is_refused(answer(login, app_of_alice.fresh_code()), minutes=5)
    assert is_refused(answer(client, app_of_alice.code(), SUDO), minutes=5)
    assert is_refused(answer(client, new.code(), CONFIRM), minutes=5)


def test_en_05_the_first_enrolment_is_throttled_like_a_login(clock, alice):
    client = sign_in(alice)
    app = Authenticator(alice, start_enrolment(client))
    guess_wrong(client, app, 5, CONFIRM)

    assert is_refused(answer(client, app.code(), CONFIRM), minutes=5)
    act(client, "cancel")
    again = Authenticator(alice, start_enrolment(client))
    assert is_refused(answer(client, again.code(), CONFIRM), minutes=5)
    assert "two_factor.enabled" not in events_of(alice)


def test_r17_nothing_but_success_and_time_resets_the_counter(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    guess_wrong(pending(alice), app_of_alice, 4)

    act(client, "reveal-codes")
    act(client, "renew-codes")
    recover(pending(alice), codes_of(client)[0])
    guess_wrong(pending(alice, Client(REMOTE_ADDR="198.51.100.7")), app_of_alice, 1)

    assert counts(alice) == {300: 5, HOUR: 5, DAY: 5}


def test_tf4_r17_nor_does_a_new_password(clock, alice, app_of_alice, mailoutbox):
    owner = sign_in(alice, app_of_alice)
    guess_wrong(pending(alice), app_of_alice, 4)

    changed = owner.post(
        "/app/settings/password", {"password": PASSWORD, "new_password": "chosen by alice 1"}
    )
    assert changed.status_code == 302
    Client().post("/account/password/forgot", {"email": alice.email})
    link = next(line for line in mailoutbox[-1].body.split() if "/account/password/reset/" in line)
    stranger = Client()
    stranger.get(link[link.index("/account") :])
    reset = stranger.post("/account/password/reset", {"new_password": "chosen by alice 2"})
    assert reset.status_code == 302

    assert counts(alice) == {300: 4, HOUR: 4, DAY: 4}


@pytest.mark.parametrize(("n", "table"), [(1, "ratelimit"), (2, "auditevent"), (3, "totpdevice")])
def test_tf4_r17_a_guess_that_ends_in_an_error_stays_counted(clock, alice, app_of_alice, n, table):
    """The first write counts it, the second one records it, the third one counts it on the device."""
    client = pending(alice, Client(raise_request_exception=False))

    with fault_at(n) as fault:
        assert answer(client, app_of_alice.wrong_code()).status_code == 503

    assert table in fault.statement
    assert counts(alice) == {300: 1, HOUR: 1, DAY: 1}


def test_r17_a_right_code_whose_session_can_not_be_written_counts_as_a_guess(clock, alice, app_of_alice):
    client, code = pending(alice, Client(raise_request_exception=False)), app_of_alice.fresh_code()

    with fault_at(2) as fault:  # the first write uses the code up
        assert answer(client, code).status_code == 503

    assert "accounts_session" in fault.statement
    assert counts(alice) == {300: 1, HOUR: 1, DAY: 1}


def codes_of(client):
    return act(client, "reveal-codes").context["codes"]


def test_r16_success_gives_back_its_own_attempt_and_no_failure(clock, alice, app_of_alice):
    guess_wrong(pending(alice), app_of_alice, 4)

    assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 302

    assert counts(alice) == {300: 4, HOUR: 4, DAY: 4}
    guess_wrong(pending(alice), app_of_alice, 1)
    assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 429


def test_r16_logging_in_often_costs_nothing(clock, alice, app_of_alice):
    for _ in range(25):
        assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 302

    assert not any(counts(alice).values())


def test_a_repeat_of_the_code_that_just_succeeded_is_refused_and_not_counted(clock, alice, app_of_alice):
    code = app_of_alice.fresh_code()
    assert answer(pending(alice), code).status_code == 302
    before = events_of(alice)

    for _ in range(10):
        assert answer(pending(alice), code).status_code == 422

    assert events_of(alice) == [*before, *["login.password_accepted"] * 10]
    assert not any(counts(alice).values())


def test_a_repeat_of_an_older_code_is_counted(clock, alice, app_of_alice):
    clock.shift(60)
    older, newer = app_of_alice.code(-1), app_of_alice.code()
    for code in (older, newer):
        assert answer(pending(alice), code).status_code == 302

    assert answer(pending(alice), older).status_code == 422

    assert counts(alice) == {300: 1, HOUR: 1, DAY: 1}
    assert events_of(alice)[-1] == "two_factor.failed"


def test_a_repeat_is_refused_while_the_budget_is_spent(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    guess_wrong(client, app_of_alice, 5, SUDO)

    assert answer(client, app_of_alice.code(), SUDO).status_code == 429


def test_r17_each_account_has_its_own_budget(clock, alice, bob, app_of_alice):
    app_of_bob = enrol(bob)
    guess_wrong(pending(alice), app_of_alice, 5)

    assert answer(pending(bob), app_of_bob.fresh_code()).status_code == 302


def test_lg_14_throttling_ends_no_session_and_leaves_the_recovery_codes(clock, alice, app_of_alice):
    working = sign_in(alice, app_of_alice)
    client, waiting = pending(alice), pending(alice)
    guess_wrong(client, app_of_alice, 5)
    for browser in (client, waiting):
        assert answer(browser, app_of_alice.fresh_code()).status_code == 429

    assert is_signed_in(working, alice)
    assert recover(client, app_of_alice.codes[0])["Location"] == "/app"
    clock.shift(5 * MINUTE)
    assert answer(waiting, app_of_alice.code())["Location"] == "/app"


def test_bc_04_ten_wrong_recovery_codes_a_day(clock, alice, app_of_alice):
    client = pending(alice)
    for _ in range(10):
        assert recover(client, WRONG_BACKUP_CODE).status_code == 422

    assert is_refused(recover(client, app_of_alice.codes[0]), minutes=24 * 60)
    assert answer(client, app_of_alice.fresh_code()).status_code == 302
    clock.shift(DAY)
    assert recover(pending(alice), app_of_alice.codes[0]).status_code == 302


def test_bc_04_sudo_and_login_share_that_lane_too(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    for number in range(10):
        browser, page = [(client, SUDO), (pending(alice, same_browser(client)), RECOVERY)][number % 2]
        fields = {"code": WRONG_BACKUP_CODE, "factor": "backup-codes"}
        assert browser.post(page, fields).status_code == 422

    right = {"code": app_of_alice.codes[0], "factor": "backup-codes"}
    assert client.post(SUDO, right).status_code == 429
    assert recover(pending(alice, same_browser(client)), app_of_alice.codes[0]).status_code == 429
    assert counts_of_browsers(alice, "backup-code") == {DAY: 10}


def test_bc_04_a_right_recovery_code_gives_back_its_own_attempt(clock, alice, app_of_alice):
    for _ in range(9):
        recover(pending(alice), WRONG_BACKUP_CODE)
    for code in app_of_alice.codes[:3]:
        assert recover(pending(alice), code).status_code == 302

    assert counts(alice, "backup-code") == {DAY: 9}


def test_bc_05_each_kind_of_code_is_counted_where_it_was_typed(clock, alice, app_of_alice):
    client = pending(alice)

    assert answer(client, app_of_alice.codes[0]).status_code == 422
    assert (counts(alice)[DAY], counts(alice, "backup-code")) == (1, {})
    assert recover(client, app_of_alice.fresh_code()).status_code == 422
    assert (counts(alice)[DAY], counts(alice, "backup-code")[DAY]) == (1, 1)
    assert recover(client, app_of_alice.codes[0]).status_code == 302


def test_r16_a_wrong_password_spends_no_guess_of_codes(alice, app_of_alice):
    post_password(Client(), alice, "wrong")

    assert not any([*counts(alice).values(), *counts_of_browsers(alice).values()])
