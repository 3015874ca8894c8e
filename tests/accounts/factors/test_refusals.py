"""Why a code was refused: explained where that helps the person who typed it, and only them (TI-02)."""

import re

import pytest
from django.test import Client

from accounts.models import RateLimit
from tests.support.people import TWO_FACTOR, Authenticator, key_on, sign_in, start_enrolment
from tests.support.two_factor import (
    CHALLENGE,
    INVALID,
    RECOVERY,
    SUDO,
    act,
    answer,
    events_of,
    pending,
    recover,
    text_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = f"{TWO_FACTOR}/confirm"
BEHIND = "clock is about %s seconds behind"
AHEAD = "clock is about %s seconds ahead"
WRONG_RECOVERY_CODE = "00000-0000-0000"
ITS_LINK = re.compile(rf'<button [^>]*formaction="{RECOVERY}"[^>]*>Enter it as a recovery code</button>')


def shown_on(response):
    assert response.status_code == 422
    return response.content.decode()


@pytest.fixture
def guess(clock, alice, app_of_alice):
    """Type this at the login, in a new window, with the limiter emptied."""

    def type_in(code, page=CHALLENGE):
        RateLimit.objects.all().delete()
        return answer(pending(alice), code, page)

    return type_in


# ---------------------------------------------------------------- at the login


@pytest.mark.parametrize(
    ("code", "digits"), [("12345", 5), ("1234 5678", 8), ("1", 1), ("1" * 100_000, 100_000)]
)
def test_a_code_of_the_wrong_length(guess, code, digits):
    assert f"A code has six digits; you entered {digits} digit" in shown_on(guess(code))


@pytest.mark.parametrize("code", ["", "nonsense", "12345x", "-- --"])
def test_what_is_no_number_at_all_is_just_wrong(guess, code):
    assert INVALID in shown_on(guess(code))


def test_used_already_wait_for_the_next_one(clock, guess, app_of_alice):
    code = app_of_alice.fresh_code()
    assert guess(code).status_code == 302

    assert "This code has already been used. Wait 15 seconds for the next one." in shown_on(guess(code))
    clock.shift(14)
    assert "Wait 1 second for the next one." in shown_on(guess(code))


@pytest.mark.parametrize("later", [20, 50, 3600])
def test_used_already_and_there_is_a_next_one(clock, guess, app_of_alice, later):
    code = app_of_alice.fresh_code()
    assert guess(code).status_code == 302
    clock.shift(later)

    page = shown_on(guess(code))

    assert "This code has already been used. Enter the next one that your app shows." in page


def test_used_already_by_a_device_that_is_ahead(clock, guess, app_of_alice):
    app_of_alice.fresh_code()
    code = app_of_alice.code(1)
    assert guess(code).status_code == 302

    assert "Wait 15 seconds for the next one." in shown_on(guess(code))


def test_a_newer_one_has_been_used(clock, guess, app_of_alice):
    app_of_alice.fresh_code()
    older = app_of_alice.code(-1)
    assert guess(app_of_alice.code()).status_code == 302

    assert "A newer code has already been used." in shown_on(guess(older))


@pytest.mark.parametrize("steps", range(-10, -1))
def test_a_clock_that_is_behind(clock, guess, app_of_alice, steps):
    app_of_alice.fresh_code()

    assert BEHIND % (-30 * steps) in shown_on(guess(app_of_alice.code(steps)))


def test_ti_02_a_code_of_the_future_is_told_apart_from_a_wrong_one_by_nothing(clock, guess, app_of_alice):
    app_of_alice.fresh_code()

    pages = {text_of(guess(app_of_alice.code(steps))) for steps in range(2, 11)}

    assert pages == {text_of(guess(app_of_alice.wrong_code()))}
    assert all(INVALID in page for page in pages)


def test_ti_02_nor_is_one_that_is_too_old_or_somebody_elses(clock, guess, app_of_alice, bob):
    app_of_alice.fresh_code()
    app_of_bob = Authenticator(bob, start_enrolment(sign_in(bob)))

    for code in (app_of_alice.code(-11), app_of_bob.code()):
        assert text_of(guess(code)) == text_of(guess(app_of_alice.wrong_code()))


def test_a_recovery_code_in_the_wrong_field(guess, app_of_alice):
    for typed in (app_of_alice.codes[0], app_of_alice.codes[1].lower(), WRONG_RECOVERY_CODE):
        page = shown_on(guess(typed))

        assert "That looks like a recovery code." in page
        assert ITS_LINK.search(page)


def test_a_code_of_the_device_in_the_field_for_recovery_codes(guess, app_of_alice):
    for typed in (app_of_alice.fresh_code(), app_of_alice.wrong_code()):
        page = shown_on(guess(typed, RECOVERY))

        assert "That looks like a code from your device" in page
        link = rf'<button [^>]*formaction="{CHALLENGE}"[^>]*>Enter it as a code from your device</button>'
        assert re.search(link, page)


def test_a_recovery_code_of_the_wrong_length(guess, app_of_alice):
    page = shown_on(guess(app_of_alice.codes[0][:-1], RECOVERY))

    assert "A recovery code has 13 letters and digits; you entered 12." in page


def test_r29_a_used_recovery_code_answers_like_a_wrong_one(guess, app_of_alice):
    assert guess(app_of_alice.codes[0], RECOVERY).status_code == 302

    used = text_of(guess(app_of_alice.codes[0], RECOVERY))

    assert used == text_of(guess(WRONG_RECOVERY_CODE, RECOVERY))
    assert INVALID in used


def test_ti_02_throttled_tells_the_wait_and_nothing_else(clock, alice, app_of_alice):
    code = app_of_alice.fresh_code()
    assert answer(pending(alice), code).status_code == 302
    client = pending(alice)
    for _ in range(5):
        answer(client, app_of_alice.wrong_code())

    for typed in (code, app_of_alice.code(-5), "12345", app_of_alice.codes[0]):
        response = answer(client, typed)
        page = response.content.decode()

        assert response.status_code == 429
        assert "Too many wrong codes. Try again in 5 minutes." in page
        assert not any(told in page for told in ("already been used", "behind", "six digits", "looks like"))


def test_ti_02_all_that_is_explained_counts_as_a_failure(clock, alice, app_of_alice):
    app_of_alice.fresh_code()
    explained = ["12345", app_of_alice.codes[0], app_of_alice.code(-5), app_of_alice.code(5)]
    client = pending(alice)
    before = len(events_of(alice))

    for code in explained:
        shown_on(answer(client, code))

    assert events_of(alice)[before:] == ["two_factor.failed"] * len(explained)
    assert answer(client, app_of_alice.wrong_code()).status_code == 422
    assert answer(client, app_of_alice.code()).status_code == 429


# ---------------------------------------------------------------- in sudo


def test_sudo_explains_as_well_and_keeps_the_way_back(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    used = app_of_alice.code()

    response = client.post(SUDO, {"code": used, "next": "/app/settings/password"})
    assert "Wait 15 seconds for the next one." in shown_on(response)
    response = client.post(SUDO, {"code": app_of_alice.codes[0], "next": "/app/settings/password"})
    link = f"{SUDO}?factor=backup-codes&amp;next=%2Fapp%2Fsettings%2Fpassword"
    assert f'<a href="{link}">Enter it as a recovery code</a>' in shown_on(response)

    fields = {"code": app_of_alice.wrong_code(), "factor": "backup-codes", "next": "/app/settings/password"}
    link = f"{SUDO}?factor=app&amp;next=%2Fapp%2Fsettings%2Fpassword"
    assert f'<a href="{link}">Enter it as a code from your device</a>' in shown_on(client.post(SUDO, fields))


# ---------------------------------------------------------------- at enrolment


@pytest.fixture
def new_device(clock, alice):
    """alice's browser, and an application that she is setting up."""
    client = sign_in(alice)
    return client, Authenticator(alice, start_enrolment(client))


@pytest.mark.parametrize("steps", [*range(-10, -1), *range(2, 11)])
def test_en_a_new_device_is_told_how_wrong_its_clock_is(new_device, steps):
    client, app = new_device

    page = shown_on(answer(client, app.code(steps), CONFIRM))

    assert (AHEAD if steps > 0 else BEHIND) % (30 * abs(steps)) in page
    assert "Set it to automatic time" in page


@pytest.mark.parametrize("steps", [-11, 11])
def test_en_a_clock_that_is_more_than_five_minutes_off_is_not_looked_for(new_device, steps):
    client, app = new_device

    assert INVALID in shown_on(answer(client, app.code(steps), CONFIRM))


def test_en_a_recovery_code_confirms_no_device_and_leads_nowhere(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    act(client, "app/replace")
    new = Authenticator(alice, key_on(client.get(CONFIRM)))

    page = shown_on(answer(client, app_of_alice.codes[0], CONFIRM))

    assert "That looks like a recovery code." in page
    assert RECOVERY not in page
    assert "seconds ahead" in shown_on(answer(client, new.code(3), CONFIRM))


def test_en_replacing_says_nothing_of_the_device_that_is_in_use(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    used = app_of_alice.code()
    act(client, "app/replace")

    for code in (used, app_of_alice.code(-4), app_of_alice.code(4)):
        assert INVALID in shown_on(answer(client, code, CONFIRM))


def test_nobody_is_told_anything_without_the_password(clock, alice, app_of_alice):
    app_of_alice.fresh_code()

    for code in (app_of_alice.code(-4), app_of_alice.codes[0]):
        assert answer(Client(), code)["Location"] == "/session"
        assert recover(Client(), code)["Location"] == "/session"
