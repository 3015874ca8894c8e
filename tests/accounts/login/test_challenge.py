"""The second step of signing in: what a pending login may do, and which codes it takes."""

import json
import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.factors.totp.models import TOTPDevice
from accounts.models import RateLimit, Session, User
from tests.support.people import PASSWORD, enrol, post_password, sign_in
from tests.support.two_factor import (
    CHALLENGE,
    ENDED,
    INVALID,
    RECOVERY,
    answer,
    events_of,
    guess_wrong,
    is_called_wrong,
    is_out,
    is_signed_in,
    key_of,
    pending,
    recover,
    text_of,
    with_key,
)

pytestmark = pytest.mark.django_db(transaction=True)

URLS = Path(__file__).resolve().parents[3] / "docs" / "urls.md"  # lists every path
ARGUMENTS = {"organization_name": "acme", "membership_id": "1", "factor": "app", "page": "two-factor"}


def paths():
    for path in re.findall(r"^\| `(/[^`]*)` \|", URLS.read_text(), re.MULTILINE):
        yield re.sub(r"<(\w+)>", lambda argument: ARGUMENTS.get(argument[1], "x"), path)


# ---------------------------------------------------------------- the pending login


def test_the_right_code_signs_in(alice, app_of_alice):
    client = pending(alice)

    assert answer(client, app_of_alice.fresh_code())["Location"] == "/app"
    assert is_signed_in(client, alice)
    assert Session.objects.filter(user=alice).latest("id").verified_at is not None


def test_lg_01_a_pending_login_is_anonymous_to_every_page(alice, app_of_alice):
    stranger, client = Client(), pending(alice)

    for path in set(paths()) - {CHALLENGE, RECOVERY}:
        expected, response = stranger.get(path), client.get(path)
        assert (response.status_code, response.get("Location")) == (
            expected.status_code,
            expected.get("Location"),
        ), path
        assert "alice" not in text_of(response), path
    assert len(set(paths())) > 40


@pytest.mark.parametrize(
    "path", ["/app/settings/two-factor/disable", "/app/settings/two-factor/enable", "/app/settings/password"]
)
def test_lg_01_a_pending_login_can_not_act(alice, app_of_alice, path):
    response = pending(alice).post(path, {"password": PASSWORD, "method": "app", "new_password": "x" * 20})

    assert response["Location"].startswith("/session?")
    assert User.objects.get(pk=alice.pk).security_stamp == alice.security_stamp


def test_lg_01_the_second_step_and_its_exits_answer(alice, app_of_alice):
    client = pending(alice)

    page = client.get(CHALLENGE).content.decode()

    for way in [f'formaction="{RECOVERY}"', 'href="/docs/lost-device"']:
        assert way in page
        assert client.get(way.split('"')[1]).status_code == 200
    assert 'action="/session/logout"' in page
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page


def test_lg_02_the_cookie_of_a_pending_login_opens_nothing_elsewhere(alice, app_of_alice):
    thief = with_key(key_of(pending(alice)))

    assert is_out(thief)
    assert thief.get(CHALLENGE).status_code == 200


def test_lg_03_whose_login_it_is_comes_from_the_server(alice, bob, app_of_alice):
    enrol(bob)
    for field in ["user", "username", "user_id", "verify", "otp_device", "pending_user"]:
        client = pending(alice)
        client.cookies[field] = str(bob.pk)
        for value in (bob.pk, bob.username):
            asked = f"{CHALLENGE}?{field}={value}"
            assert client.get(asked).status_code == 200
            guess = client.post(asked, {"code": app_of_alice.wrong_code(), field: value})
            assert guess.status_code == 422, field  # a wrong code of alice, and no login of somebody else
        client.post(CHALLENGE, {"code": app_of_alice.fresh_code(), field: bob.pk})
        assert is_signed_in(client, alice), field
        RateLimit.objects.all().delete()

    assert "two_factor.failed" not in events_of(bob)
    assert not Session.objects.filter(user=bob, created_at__gt=bob.two_factor_enabled_at).exists()


def test_lg_03_the_code_of_somebody_else_is_wrong(alice, bob, app_of_alice):
    app_of_bob = enrol(bob)
    client = pending(alice)

    assert INVALID in answer(client, app_of_bob.fresh_code()).content.decode()
    assert INVALID in recover(client, app_of_bob.codes[0]).content.decode()
    assert is_out(client)


@pytest.mark.parametrize("path", [CHALLENGE, RECOVERY])
def test_lg_04_there_is_no_second_step_without_the_first(alice, app_of_alice, path):
    for client in (Client(), with_key("made-up-key")):
        assert client.get(path)["Location"] == "/session"
        assert answer(client, app_of_alice.fresh_code(), path)["Location"] == "/session"
        assert is_out(client)


def test_lg_04_nor_for_who_has_no_two_factor(alice):
    client = sign_in(alice)

    assert client.get(CHALLENGE)["Location"] == "/app"
    assert answer(client, "123456")["Location"] == "/app"


def test_lg_05_a_pending_login_lasts_ten_minutes(clock, alice, app_of_alice):
    early, late = pending(alice), pending(alice)

    clock.shift(9 * 60 + 59)
    assert answer(early, app_of_alice.fresh_code()).status_code == 302
    clock.shift(1)

    assert late.get(CHALLENGE)["Location"] == "/session"
    assert answer(late, app_of_alice.fresh_code())["Location"] == "/session"
    assert is_out(late)
    assert ENDED in late.get("/session").content.decode()


def test_lg_06_two_pending_logins_end_with_a_code_each(clock, alice, app_of_alice):
    first, second = pending(alice), pending(alice)
    clock.shift(30)

    code = app_of_alice.code()
    assert answer(first, code).status_code == 302
    assert answer(second, code).status_code == 422
    assert answer(second, app_of_alice.code(1)).status_code == 302
    assert is_signed_in(first, alice)
    assert is_signed_in(second, alice)


def test_lg_21_cancelling_ends_the_pending_login(alice, app_of_alice):
    client = pending(alice)
    key = key_of(client)

    assert client.post("/session/logout")["Location"] == "/session"

    for browser in (client, with_key(key)):
        assert browser.get(CHALLENGE)["Location"] == "/session"
        assert answer(browser, app_of_alice.fresh_code())["Location"] == "/session"
    assert not Session.objects.filter(pending_user=alice).exists()


def test_lg_22_deactivation_ends_a_pending_login(alice, app_of_alice):
    client = pending(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert client.get(CHALLENGE)["Location"] == "/session"
    assert answer(client, app_of_alice.fresh_code())["Location"] == "/session"
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert is_out(client)


def test_r14_a_renewal_of_codes_ends_a_pending_login(alice, app_of_alice):
    client = pending(alice)
    sign_in(alice, app_of_alice).post("/app/settings/two-factor/renew-codes")

    assert answer(client, app_of_alice.fresh_code())["Location"] == "/session"
    assert is_out(client)


def test_a_new_password_step_takes_the_place_of_the_pending_login(alice, bob, app_of_alice):
    client = pending(alice)
    former = key_of(client)
    post_password(client, bob)

    assert is_signed_in(client, bob)
    assert with_key(former).get(CHALLENGE)["Location"] == "/session"


# ---------------------------------------------------------------- which codes

ODD = {
    "empty": {"code": ""},
    "missing": {},
    "zeros": {"code": "000000"},
    "null": {"code": "null"},
    "brackets": {"code": "[]"},
    "other name": {"code[]": "123456"},
    "two": {"code": ["000000", "111111"]},
    "space": {"code": "   "},
    "five digits": {"code": "12345"},
    "seven digits": {"code": "1234567"},
    "eight digits": {"code": "12345678"},
    "fifty digits": {"code": "1" * 50},
    "100,000 digits": {"code": "1" * 100_000},
    "arabic": {"code": "١٢٣٤٥٦"},
    "full-width": {"code": "１２３４５６"},
    "square": {"code": "12345²"},
    "sign": {"code": "+12345"},
    "underscores": {"code": "1_2_3_4_5_6"},
    "float": {"code": "1234.0"},
    "nul": {"code": "12345\x00"},
    "right to left": {"code": "\u202e123456"},
    "zero width": {"code": "123\u200b456"},
    "file": {"code": SimpleUploadedFile("code.txt", b"123456")},
}


def test_lg_07_lg_09_nonsense_is_refused_and_counted(alice, app_of_alice):
    client = pending(alice)
    failed = events_of(alice).count("two_factor.failed")

    for number, (name, fields) in enumerate(ODD.items(), start=1):
        RateLimit.objects.all().delete()
        response = client.post(CHALLENGE, fields)
        assert counts(alice) == {1}, name
        assert is_called_wrong(response), name
        assert events_of(alice).count("two_factor.failed") == failed + number, name
    assert is_out(client)


def counts(user):
    return set(
        RateLimit.objects.filter(key__startswith=f"code:user:{user.pk}").values_list("count", flat=True)
    )


def test_lg_07_a_body_of_another_kind_is_refused_and_counted(alice, app_of_alice):
    client = pending(alice)

    body = json.dumps({"code": app_of_alice.fresh_code()})

    assert client.post(CHALLENGE, body, "application/json").status_code == 422
    assert events_of(alice)[-1] == "two_factor.failed"


@pytest.mark.parametrize("spelling", ["{} ", " {}", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", "{0[0]}-{1}"])
def test_lg_08_spaces_and_hyphens_do_not_matter(alice, app_of_alice, spelling):
    code = app_of_alice.fresh_code()

    assert answer(pending(alice), spelling.format(code, code[1:])).status_code == 302


OTHER_SPELLINGS = [
    lambda code: code.translate({ord("0") + digit: ord("٠") + digit for digit in range(10)}),
    lambda code: code.translate({ord("0") + digit: ord("０") + digit for digit in range(10)}),
    lambda code: f"0{code}",
    lambda code: f"+{code}",
    lambda code: f"{code}.0",
    lambda code: f"{code}\x00",
    lambda code: "_".join(code),
    lambda code: code.translate({ord("0") + digit: 0x1D7CE + digit for digit in range(10)}),
    lambda code: f"{code[:5]}{'⁰¹²³⁴⁵⁶⁷⁸⁹'[int(code[5])]}",
    lambda code: "\ufe0f\u20e3".join(code),
    lambda code: f"0x{code}",
    lambda code: f"USD {code}.00",
    lambda code: f"Your code is {code}7.",
]


def test_r15_the_right_code_in_another_spelling_is_wrong(alice, app_of_alice):
    client = pending(alice)
    for number, spell in enumerate(OTHER_SPELLINGS):
        RateLimit.objects.all().delete()
        assert answer(client, spell(app_of_alice.fresh_code())).status_code == 422, number
    assert is_out(client)


def test_r15_no_zero_may_be_left_out(clock, alice, app_of_alice):
    clock.shift(30)  # the code of now has confirmed the device
    while not app_of_alice.code().startswith("0"):
        clock.shift(30)
    client = pending(alice)

    assert answer(client, app_of_alice.code().lstrip("0")).status_code == 422
    assert answer(client, app_of_alice.code()).status_code == 302


@pytest.mark.parametrize("steps", range(-3, 4))
def test_lg_10_one_step_each_way(clock, alice, app_of_alice, steps):
    app_of_alice.fresh_code()

    response = answer(pending(alice), app_of_alice.code(steps))

    assert response.status_code == (302 if steps in (-1, 0, 1) else 422)


def test_r13_there_is_no_drift_memory(clock, alice, app_of_alice):
    for _ in range(5):  # a phone that is 30 seconds ahead, and says so with each login
        clock.shift(30)
        assert answer(pending(alice), app_of_alice.code(1)).status_code == 302
    clock.shift(30)

    assert answer(pending(alice), app_of_alice.code(2)).status_code == 422


def test_lg_11_a_code_works_once_and_so_do_all_before_it(clock, alice, app_of_alice):
    clock.shift(60)
    code, former = app_of_alice.code(), app_of_alice.code(-1)
    client = sign_in_with(alice, code)
    client.post("/session/logout")

    for again in (code, f"{code[:3]} {code[3:]}", former):
        assert answer(pending(alice), again).status_code == 422
    clock.shift(30)
    assert answer(pending(alice), code).status_code == 422
    assert answer(pending(alice), app_of_alice.code()).status_code == 302


def sign_in_with(user, code):
    client = pending(user)
    assert answer(client, code).status_code == 302
    return client


def test_r14_the_clock_of_the_server_goes_back_and_the_code_stays_spent(clock, alice, app_of_alice):
    clock.shift(300)
    code = app_of_alice.code()
    sign_in_with(alice, code)

    clock.shift(-30)

    assert answer(pending(alice), code).status_code == 422


def test_lg_24_nothing_secret_is_on_the_pages_of_the_second_step(alice, app_of_alice):
    client = pending(alice)
    guess = app_of_alice.wrong_code()
    typed = "7F3QX-ABCD-EFGH"
    answers = [client.get(CHALLENGE), client.get(RECOVERY), answer(client, guess), recover(client, typed)]

    for response in answers:
        page = response.content.decode()
        assert not [secret for secret in (PASSWORD, app_of_alice.key, guess, typed) if secret in page]
        assert not [code for code in app_of_alice.codes if code in page]


def test_lg_24_a_right_code_that_came_too_early_is_not_shown_again(alice, app_of_alice):
    client = pending(alice)
    guess_wrong(client, app_of_alice, 5)
    code = app_of_alice.fresh_code()

    assert code not in answer(client, code).content.decode()


def test_i9_a_secret_that_can_not_be_opened_lets_nobody_in(alice, app_of_alice, settings, caplog):
    client = pending(alice)
    settings.ENCRYPTION_KEYS = ["another key, as after a wrong restore of the server"]

    assert answer(client, app_of_alice.fresh_code()).status_code == 503
    assert recover(client, app_of_alice.codes[0]).status_code == 503
    assert "can't be decrypted" in caplog.text
    assert is_out(client)


def test_r19_a_secret_that_was_copied_from_another_account_lets_nobody_in(alice, mallory, app_of_alice):
    app = enrol(mallory)
    copied = TOTPDevice.objects.get(user=mallory).sealed_secret
    TOTPDevice.objects.filter(user=alice).update(sealed_secret=copied, last_step=-1)
    client = pending(alice)

    assert answer(client, app.code()).status_code == 503
    assert is_out(client)


def test_what_can_not_be_looked_at_is_no_guess_and_wears_nothing_out(alice, app_of_alice, settings):
    client, right_keys = pending(alice), settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = ["another key, as after a wrong restore of the server"]
    for _ in range(12):
        assert answer(client, app_of_alice.fresh_code()).status_code == 503
        assert recover(client, app_of_alice.codes[0]).status_code == 503
    settings.ENCRYPTION_KEYS = right_keys

    assert TOTPDevice.objects.get(user=alice).failures == 0
    assert "two_factor.failed" not in events_of(alice)
    guess_wrong(client, app_of_alice, 4)
    assert answer(client, app_of_alice.fresh_code()).status_code == 302
