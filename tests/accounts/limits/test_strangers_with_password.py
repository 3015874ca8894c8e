"""What a stranger who has the password can do to the codes of an account."""

import pytest
from django.test import Client

from accounts.models import RateLimit
from tests.accounts.limits.strangers import DAY, FORGOT, HOUR, stranger
from tests.support.guessing import Guesser, actor_in
from tests.support.mails import link_in, subjects
from tests.support.people import PASSWORD, enrol, post_password, sign_in
from tests.support.two_factor import (
    CHALLENGE,
    RECOVERY,
    SUDO,
    act,
    answer,
    guess_wrong,
    is_signed_in,
    known_browser,
    pending,
    recover,
    same_browser,
)

pytestmark = pytest.mark.django_db(transaction=True)


WRONG_RECOVERY_CODE = "00000-0000-0000"


def test_ds_02_a_stranger_with_the_password_closes_only_the_budget_of_unknown_browsers(
    clock, alice, app_of_alice, mailoutbox
):
    working = sign_in(alice, app_of_alice)
    browser = known_browser(alice, app_of_alice)
    guess_wrong(pending(alice, stranger()), app_of_alice, 5)

    assert answer(pending(alice, stranger(1)), app_of_alice.fresh_code()).status_code == 429
    assert is_signed_in(working, alice)
    assert answer(pending(alice, browser), app_of_alice.fresh_code()).status_code == 302
    assert recover(pending(alice, stranger(2)), app_of_alice.codes[0]).status_code == 302
    assert "Wrong codes at sign-in" in subjects(mailoutbox, alice.email)


def test_ds_02_all_day_long(clock, alice, app_of_alice):
    browser = known_browser(alice, app_of_alice)
    working = sign_in(alice, app_of_alice, browser)
    guessed = 0
    for _hour in range(24):
        for _ in range(4):
            guessed += Guesser(alice, stranger()).guess_until_refused(app_of_alice.wrong_code)
        assert answer(working, app_of_alice.fresh_code(), SUDO).status_code == 302
        assert answer(pending(alice, same_browser(browser)), app_of_alice.fresh_code()).status_code == 302
        clock.shift(HOUR - 1)

    assert guessed == 50
    assert recover(pending(alice, stranger()), app_of_alice.codes[0]).status_code == 302


def test_ds_02_wrong_recovery_codes_of_a_stranger_leave_those_of_the_owner(clock, alice, app_of_alice):
    browser = known_browser(alice, app_of_alice)
    attacker = pending(alice, stranger())
    for _ in range(10):
        assert recover(attacker, WRONG_RECOVERY_CODE).status_code == 422

    assert recover(attacker, app_of_alice.codes[0]).status_code == 429
    assert recover(pending(alice, browser), app_of_alice.codes[0]).status_code == 302


def test_ds_02_who_had_got_in_before_two_factor_was_on_is_a_stranger_to_it(clock, alice):
    intruder = known_browser(alice)
    owner = sign_in(alice)
    app = enrol(alice, owner)
    guess_wrong(pending(alice, intruder), app, 5)

    assert answer(pending(alice, intruder), app.code()).status_code == 429
    assert answer(pending(alice, same_browser(owner)), app.fresh_code()).status_code == 302


@pytest.mark.parametrize("change", ["password", "codes"])
def test_ds_02_a_change_of_ones_own_makes_other_browsers_strangers_to_codes_and_not_ones_own(
    clock, alice, app_of_alice, change
):
    former = known_browser(alice, app_of_alice)
    owner = sign_in(alice, app_of_alice)
    password = PASSWORD
    if change == "password":
        password = "an entirely different sentence"
        owner.post("/app/settings/password", {"password": PASSWORD, "new_password": password})
    else:
        act(owner, "renew-codes")
    for client in (former, stranger()):
        post_password(client, alice, password)
    guess_wrong(former, app_of_alice, 5)

    window = same_browser(owner)
    assert post_password(window, alice, password)["Location"] == CHALLENGE
    assert answer(window, app_of_alice.fresh_code()).status_code == 302
    assert answer(former, app_of_alice.fresh_code()).status_code == 429


def test_lg_12_a_known_browser_waits_after_five_wrong_codes_and_no_other_does(clock, alice, app_of_alice):
    first, second = known_browser(alice, app_of_alice), known_browser(alice, app_of_alice)
    guess_wrong(pending(alice, first), app_of_alice, 5)

    assert answer(pending(alice, first), app_of_alice.fresh_code()).status_code == 429
    assert answer(pending(alice, second), app_of_alice.fresh_code()).status_code == 302
    assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 302
    clock.shift(300)
    assert answer(pending(alice, first), app_of_alice.fresh_code()).status_code == 302


def test_lg_13_twenty_in_an_hour_in_each_known_browser(clock, alice, app_of_alice):
    browser = known_browser(alice, app_of_alice)
    for _ in range(4):
        guess_wrong(pending(alice, same_browser(browser)), app_of_alice, 5)
        clock.shift(300)

    refused = answer(pending(alice, same_browser(browser)), app_of_alice.fresh_code())
    assert (refused.status_code, int(refused["Retry-After"])) == (429, 2400)


def guesses_in_a_day(clock, guessers, code):
    """Everything that these can guess within a day, one after the other."""
    guessed = 0
    for _ in range(DAY // 300 - 1):
        guessed += sum(guesser.guess_until_refused(code) for guesser in guessers)
        clock.shift(300)
        if (
            RateLimit.objects.filter(key__startswith="code", key__endswith=f":{DAY}", count__gte=50).count()
            == 2
        ):
            break
    return guessed


def test_r16_what_all_budgets_together_take_in_a_day(clock, alice, app_of_alice):
    """The number that is written down in docs/security.md: 50 of strangers, 50 of known browsers."""
    known = [known_browser(alice, app_of_alice) for _ in range(3)]
    guessers = [Guesser(alice, browser) for browser in [*known, stranger()]]
    alice.refresh_from_db()

    assert guesses_in_a_day(clock, guessers, app_of_alice.wrong_code) == 100
    for browser in [*map(same_browser, known), stranger()]:
        assert answer(pending(alice, browser), app_of_alice.fresh_code()).status_code == 429


def test_bc_04_what_both_budgets_of_recovery_codes_take_in_a_day(clock, alice, app_of_alice):
    known = [known_browser(alice, app_of_alice) for _ in range(2)]
    guessers = [Guesser(alice, client) for client in [*known, Client(), Client()]]

    guessed = [
        guesser.guess_until_refused(lambda: WRONG_RECOVERY_CODE, "backup-codes") for guesser in guessers
    ]

    assert guessed == [10, 0, 10, 0]
    for client in [known[1], stranger()]:
        assert recover(pending(alice, client), app_of_alice.codes[0]).status_code == 429


def test_ds_02_the_page_for_recovery_codes_opens_while_the_other_is_closed(clock, alice, app_of_alice):
    attacker = pending(alice, stranger())
    guess_wrong(attacker, app_of_alice, 5)

    assert attacker.get(CHALLENGE).status_code == 200
    assert attacker.get(RECOVERY).status_code == 200


def test_d43_a_browser_that_became_known_while_the_clock_was_ahead_is_known_for_no_longer(clock, alice):
    clock.shift(DAY)
    browser = known_browser(alice)
    clock.shift(-DAY)
    assert not actor_in(browser).browser.is_current(alice)

    sign_in(alice, client=browser)
    assert actor_in(browser).browser.is_current(alice)
    clock.shift(366 * DAY)
    assert not actor_in(browser).browser.is_current(alice)


def test_d43_a_browser_that_another_server_has_just_made_known_is_known(clock, alice):
    clock.shift(30)
    browser = known_browser(alice)
    clock.shift(-30)

    assert actor_in(browser).browser.is_current(alice)


def test_sf5_an_account_resets_its_password_no_more_often_in_a_known_browser(
    clock, alice, mailoutbox, settings
):
    """Each reset begins the other budgets anew, those of the browser and of the links."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    browser = known_browser(alice)

    def resets(number):
        before = len(mailoutbox)
        browser.post(FORGOT, {"email": alice.email})
        links = [mail for mail in mailoutbox[before:] if "/account/password/reset/" in mail.body]
        if not links:
            return False
        browser.get(link_in(links[-1], "/account/password/reset/"))
        new = {"new_password": f"an entirely different sentence {number}"}
        return browser.post("/account/password/reset", new).status_code == 302

    assert [resets(number) for number in range(22)] == [True] * 20 + [False] * 2
    clock.shift(HOUR)
    assert resets(99)
