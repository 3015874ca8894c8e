"""Backup codes: used once each, revealed, renewed. How often one may guess: test_guesses.py."""

import math
import re
from collections import Counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.factors.backup_codes.factor import ALPHABET, LENGTH, new_codes
from accounts.factors.backup_codes.models import BackupCode
from accounts.models import RateLimit
from tests.support.invariants import broken
from tests.support.organizations import found
from tests.support.people import PASSWORD, TWO_FACTOR, codes_on, enrol, make_user, sign_in
from tests.support.two_factor import (
    HOME,
    INVALID,
    RECOVERY,
    SUDO,
    act,
    answer,
    events_of,
    is_called_wrong,
    is_out,
    is_signed_in,
    key_of,
    let_sudo_expire,
    pending,
    recover,
    text_of,
    with_key,
)

pytestmark = pytest.mark.django_db(transaction=True)


# ---------------------------------------------------------------- using them


def test_bc_01_each_code_logs_in_once(alice, app_of_alice):
    for code in app_of_alice.codes:
        assert recover(pending(alice), code)["Location"] == "/app"

    used_up = pending(alice)
    for code in app_of_alice.codes[:3]:
        assert INVALID in recover(used_up, code).content.decode()
    assert events_of(alice).count("login.succeeded") == 11
    assert broken() == []


def test_r24_a_login_with_a_code_is_a_verified_session(alice, app_of_alice):
    client = pending(alice)
    former = key_of(client)

    recover(client, app_of_alice.codes[0])

    assert is_signed_in(client, alice)
    assert act(client, "reveal-codes").status_code == 200
    assert is_out(with_key(former))


def test_r24_a_code_is_for_its_owner_only(alice, bob, app_of_alice):
    enrol(bob)

    assert recover(pending(bob), app_of_alice.codes[0]).status_code == 422
    assert recover(pending(alice), app_of_alice.codes[0]).status_code == 302


SPELLINGS = {
    "as shown": lambda code: code,
    "lower case": str.lower,
    "no hyphens": lambda code: code.replace("-", ""),
    "spaces": lambda code: code.replace("-", " "),
    "hyphens elsewhere": lambda code: "-".join(code.replace("-", "")),
    "spaces around": lambda code: f"  {code} ",
    "O and I for 0 and 1": lambda code: code.replace("0", "O").replace("1", "I"),
    "o and l for 0 and 1": lambda code: code.replace("0", "o").replace("1", "l"),
}


def test_bc_02_case_spaces_and_hyphens_do_not_matter_and_it_works_once_in_all_of_them(alice, app_of_alice):
    client = pending(alice)

    for code, (name, spell) in zip(app_of_alice.codes, SPELLINGS.items(), strict=False):
        assert recover(pending(alice), spell(code)).status_code == 302, name
        for again in SPELLINGS.values():
            assert recover(client, again(code)).status_code == 422, name
        RateLimit.objects.all().delete()


def test_bc_03_an_unknown_code_answers_like_a_used_one(alice, app_of_alice):
    recover(pending(alice), app_of_alice.codes[0])
    client = pending(alice)
    for _ in range(3):
        recover(client, "11111-1111-1111")  # the third wrong one of an hour also sends a mail
    answers, work = set(), []

    for code in (app_of_alice.codes[0], "00000-0000-0000"):
        with CaptureQueriesContext(connection) as queries:
            response = recover(client, code)
        answers.add((response.status_code, text_of(response), tuple(sorted(response.headers))))
        work.append([re.sub(r"'[^']*'|\d+", "", query["sql"]) for query in queries])

    assert len(answers) == 1
    assert INVALID in answers.pop()[1]
    assert work[0] == work[1]


ODD = {
    "empty": "",
    "5,000 characters": "A" * 5_000,
    "100,000 characters": "7" * 100_000,
    "nul": "7F3QX-ABCD-EFG\x00",
    "emoji": "7F3QX-ABCD-EFG😀",
    "surrogate": "7F3QX-ABCD-EFG\udc80",
    "too short": "7F3QX-ABCD-EFG",
    "too long": "7F3QX-ABCD-EFGHJ",
    "other letters": "7F3QX-ABCD-EFGU",
    "full-width": "７F3QX-ABCD-EFGH",
    "six digits": "123456",
    "per cent": "%%%%%-%%%%-%%%%",
}


def test_bc_06_nonsense_is_refused_and_counted(alice, app_of_alice):
    client = pending(alice)
    failed = events_of(alice).count("two_factor.failed")

    for number, (name, code) in enumerate(ODD.items(), start=1):
        RateLimit.objects.all().delete()
        body = f"code={code}".encode(errors="surrogatepass")
        response = client.post(RECOVERY, body, "application/x-www-form-urlencoded")
        assert is_called_wrong(response), name
        assert events_of(alice).count("two_factor.failed") == failed + number, name
    assert is_out(client)


def test_bc_05_each_kind_of_code_opens_its_own_field_only(alice, app_of_alice):
    client = pending(alice)

    assert answer(client, app_of_alice.codes[0]).status_code == 422
    assert recover(client, app_of_alice.fresh_code()).status_code == 422
    assert is_out(client)
    assert recover(client, app_of_alice.codes[0]).status_code == 302


@pytest.mark.parametrize(("used", "left", "low"), [(1, 9, False), (6, 4, False), (7, 3, True), (9, 1, True)])
def test_bc_13_a_mail_tells_how_many_are_left_and_warns_at_three(
    alice, app_of_alice, mailoutbox, used, left, low
):
    for code in app_of_alice.codes[: used - 1]:
        recover(pending(alice), code)
    client = sign_in(alice, app_of_alice)
    client.post("/session/logout")
    mailoutbox.clear()

    response = recover(pending(alice, client), app_of_alice.codes[used - 1])

    [mail] = mailoutbox
    assert mail.subject == "A backup code was used"
    assert f"You have {left} unused code" in mail.body
    assert ("Renew your codes soon" in mail.body) == low
    assert response["Location"] == "/app"
    assert "disable" not in client.get("/app").content.decode().lower()


def test_r28_the_page_tells_how_many_are_left_and_when_one_was_used(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    assert "Last used: never" in client.get(HOME).content.decode()

    recover(pending(alice), app_of_alice.codes[0])

    page = client.get(HOME).content.decode()
    assert "9 of 10 codes left" in page
    assert "Last used:" in page
    assert "never" not in page[page.index("Last used:") : page.index("Renew codes")]


def test_bc_14_five_hundred_codes_have_65_bits_and_no_letter_that_looks_like_a_digit():
    codes = [code for _ in range(50) for code in new_codes()]

    assert len(set(codes)) == 500
    assert {len(code) for code in codes} == {LENGTH}
    assert LENGTH * math.log2(len(ALPHABET)) >= 64
    assert set("".join(codes)) == set(ALPHABET)
    assert not set(ALPHABET) & set("ILOU")
    most, least = Counter("".join(codes)).most_common()[0][1], Counter("".join(codes)).most_common()[-1][1]
    assert most < 2 * least


def test_bc_14_the_codes_that_people_get_are_of_that_kind(alice, app_of_alice):
    assert len(set(app_of_alice.codes)) == 10
    for code in app_of_alice.codes:
        assert re.fullmatch(f"[{ALPHABET}]{{5}}-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code)


# ---------------------------------------------------------------- revealing them


def test_reveals_the_codes_that_were_issued(alice, app_of_alice):
    response = act(sign_in(alice, app_of_alice), "reveal-codes")

    assert sorted(codes_on(response)) == app_of_alice.codes
    assert response.status_code == 200


def test_bc_07_revealing_takes_a_second_factor_of_the_last_five_minutes(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    clock.shift(6 * 60)

    response = act(client, "reveal-codes")

    assert response["Location"].startswith(f"{SUDO}?")
    assert client.post(SUDO, {"password": PASSWORD, "next": HOME}).status_code == 422
    assert answer(client, app_of_alice.code(), SUDO).status_code == 302
    assert codes_on(client.get(HOME)) == []  # what was asked for before is not done afterwards
    assert len(codes_on(act(client, "reveal-codes"))) == 10


def test_bc_08_no_other_way_of_asking_reveals_them(alice, app_of_alice):
    client = Client(enforce_csrf_checks=True)
    client.cookies = sign_in(alice, app_of_alice).cookies
    url = f"{TWO_FACTOR}/reveal-codes"
    token = client.get(HOME).context["csrf_token"]

    answers = [client.get(url), client.head(url), client.options(url), client.post(url), client.put(url)]
    answers += [client.post(url, {"csrfmiddlewaretoken": token}, HTTP_ORIGIN="http://evil.example")]

    assert [response.status_code for response in answers] == [303, 303, 405, 403, 403, 403]
    assert not [response for response in answers if codes_on(response)]
    assert "backup_codes.revealed" not in events_of(alice)
    assert codes_on(client.post(url, {"csrfmiddlewaretoken": token}))


def test_bc_09_what_is_revealed_is_not_stored_and_in_no_address(alice, app_of_alice):
    response = act(sign_in(alice, app_of_alice), "reveal-codes")

    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    links = re.findall(r'(?:href|src|action)="([^"]*)"', response.content.decode())
    assert not [link for link in links for code in app_of_alice.codes if code in link]


def test_bc_10_shows_the_unused_codes_only(alice, app_of_alice):
    used, unused = app_of_alice.codes[:3], app_of_alice.codes[3:]
    for code in used:
        recover(pending(alice), code)

    assert sorted(codes_on(act(sign_in(alice, app_of_alice), "reveal-codes"))) == unused


def test_r26_revealing_is_recorded_and_announced_and_ends_no_session(alice, app_of_alice, mailoutbox):
    other, client = sign_in(alice, app_of_alice), sign_in(alice, app_of_alice)
    mailoutbox.clear()

    act(client, "reveal-codes")

    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["alice@example.com"], "Your backup codes were revealed")
    assert not [code for code in app_of_alice.codes if code in mail.message().as_string()]
    assert events_of(alice)[-1] == "backup_codes.revealed"
    assert is_signed_in(other, alice)


@pytest.mark.parametrize("action", ["reveal-codes", "renew-codes"])
def test_there_is_nothing_to_show_without_two_factor(alice, action, mailoutbox):
    client = sign_in(alice)
    mailoutbox.clear()

    response = act(client, action)

    assert (response.status_code, response["Location"]) == (303, HOME)
    assert "Two-factor authentication isn&#x27;t enabled." in client.get(HOME).content.decode()
    assert (mailoutbox, BackupCode.objects.count()) == ([], 0)


def test_i9_codes_that_can_not_be_opened_are_not_shown(alice, app_of_alice, settings):
    client = sign_in(alice, app_of_alice)
    client.raise_request_exception = False
    settings.ENCRYPTION_KEYS = ["another key, as after a wrong restore of the server"]

    response = act(client, "reveal-codes")

    assert response.status_code == 503
    assert codes_on(response) == []
    assert "backup_codes.revealed" not in events_of(alice)


def test_bc_15_nobody_else_sees_codes_or_how_many_are_left(alice, app_of_alice):
    owner, root = make_user("olga"), make_user("root", is_staff=True, is_superuser=True)
    found("acme", owner, members=[alice])
    pages = {
        sign_in(owner): ["/app/acme", "/app/acme/settings/users", "/app/acme/settings/authentication"],
        sign_in(root, enrol(root)): ["/admin/accounts/user/", f"/admin/accounts/user/{alice.pk}/change/"],
    }

    for client, paths in pages.items():
        for path in paths:
            response = client.get(path)
            assert response.status_code == 200
            assert "alice" in response.content.decode() or "authentication" in path
            assert not re.search(r"codes? left|of 10|[Bb]ackup code", response.content.decode())
            assert codes_on(response) == []


# ---------------------------------------------------------------- renewing them


def test_bc_11_renewing_makes_ten_new_codes_and_the_old_ones_useless(alice, app_of_alice):
    response = act(sign_in(alice, app_of_alice), "renew-codes")
    new = sorted(set(codes_on(response)))

    assert len(new) == 10
    assert not set(new) & set(app_of_alice.codes)
    assert recover(pending(alice), app_of_alice.codes[0]).status_code == 422
    assert recover(pending(alice), new[0]).status_code == 302
    assert BackupCode.objects.count() == 10
    assert "no-store" in response["Cache-Control"]


def test_renewing_after_some_were_used_makes_ten_again(alice, app_of_alice):
    for code in app_of_alice.codes[:4]:
        recover(pending(alice), code)
    client = sign_in(alice, app_of_alice)

    act(client, "renew-codes")

    assert len(codes_on(act(client, "reveal-codes"))) == 10
    assert "10 of 10 codes left" in client.get(HOME).content.decode()


def test_r27_renewing_takes_sudo_is_recorded_and_announced_and_ends_other_sessions(
    alice, app_of_alice, mailoutbox
):
    other, client = sign_in(alice, app_of_alice), sign_in(alice, app_of_alice)
    let_sudo_expire(alice)
    assert act(client, "renew-codes")["Location"].startswith(f"{SUDO}?")
    answer(client, app_of_alice.fresh_code(), SUDO)
    mailoutbox.clear()

    codes = codes_on(act(client, "renew-codes"))

    [mail] = mailoutbox
    assert mail.subject == "Your backup codes were renewed"
    assert not [code for code in codes if code in mail.message().as_string()]
    assert events_of(alice)[-1] == "backup_codes.renewed"
    assert is_signed_in(client, alice)
    assert is_out(other)


def test_bc_12_codes_of_a_former_enrolment_are_useless(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    client.post(f"{TWO_FACTOR}/disable", {"password": PASSWORD})
    new = enrol(alice, client)

    assert recover(pending(alice), app_of_alice.codes[0]).status_code == 422
    assert recover(pending(alice), new.codes[0]).status_code == 302
