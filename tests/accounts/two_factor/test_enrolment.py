"""Turning two-factor authentication on, and putting a new device in the place of the old one."""

import re

import pytest

from accounts.factors.backup_codes.models import BackupCodeSet
from accounts.factors.sms.models import SMSDevice
from accounts.factors.totp.models import TOTPDevice
from accounts.models import Session
from tests.accounts.factors.sms.conftest import NUMBER
from tests.accounts.two_factor.set_ups import CONFIRM, confirmed, prove_by_password
from tests.support.invariants import broken
from tests.support.people import CODES, TWO_FACTOR, Authenticator, codes_on, enrol, key_on, make_user, sign_in
from tests.support.people import start_enrolment as start
from tests.support.two_factor import (
    HOME,
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
    with_key,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_enrols_with_an_application(alice):
    client = sign_in(alice)
    app = Authenticator(alice, start(client))

    response = answer(client, app.code(), CONFIRM)

    assert len(set(codes_on(response))) == 10
    alice.refresh_from_db()
    assert alice.is_enrolled
    page = client.get(HOME).content.decode()
    assert "<strong>Application</strong> is configured" in page
    assert "10 of 10 codes left" in page
    assert broken() == []


def test_r23_the_new_codes_are_shown_once(alice):
    client = sign_in(alice)
    app = Authenticator(alice, start(client))
    first = answer(client, app.code(), CONFIRM)

    act(client, "codes/kept")

    again = [answer(client, app.code(), CONFIRM), client.get(CONFIRM), client.get(CODES), client.get(HOME)]

    assert codes_on(first)
    assert [codes_on(response) for response in again] == [[]] * 4


def test_the_second_factor_is_asked_at_the_next_login(alice):
    app = enrol(alice)

    client = pending(alice)

    assert is_out(client)
    assert answer(client, app.fresh_code()).status_code == 302


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "١٢٣٤٥٦", "12345\x00", "1" * 100_000], ids=lambda code: repr(code[:7])
)
def test_r15_nonsense_confirms_nothing_and_is_counted(alice, code):
    client = sign_in(alice)
    start(client)

    response = answer(client, code, CONFIRM)

    assert is_called_wrong(response)
    assert events_of(alice)[-1] == "two_factor.failed"
    assert confirmed(alice) == 0


@pytest.mark.parametrize("steps", range(-2, 3))
def test_lg_10_confirming_takes_codes_of_one_step_each_way(clock, alice, steps):
    client = sign_in(alice)
    app = Authenticator(alice, start(client))

    answer(client, app.code(steps), CONFIRM)

    assert confirmed(alice) == (1 if abs(steps) < 2 else 0)


def test_en_06_the_confirming_code_does_not_log_in(clock, alice):
    client = sign_in(alice)
    app = Authenticator(alice, start(client))
    code = app.code()
    answer(client, code, CONFIRM)

    assert answer(pending(alice), code).status_code == 422
    assert answer(pending(alice), app.code(-1)).status_code == 422
    clock.shift(30)
    assert answer(pending(alice), app.code()).status_code == 302


def test_en_10_starting_takes_a_proof_of_the_last_five_minutes(clock, alice):
    client = sign_in(alice)
    clock.shift(5 * 60)

    assert act(client, "enable", method="app")["Location"].startswith(f"{SUDO}?")
    assert not TOTPDevice.objects.exists()
    page = client.get(f"{SUDO}?next={HOME}").content.decode()
    assert 'name="password"' in page
    assert prove_by_password(client, HOME)["Location"] == HOME
    assert start(client)


def test_en_11_a_method_more_takes_the_second_factor(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    assert act(client, "enable", method="sms", phone_number=NUMBER)["Location"].startswith(f"{SUDO}?")
    assert act(client, "app/replace")["Location"].startswith(f"{SUDO}?")
    assert prove_by_password(client, HOME).status_code == 422
    assert TOTPDevice.objects.count() == 1


def test_d7_the_same_method_is_not_added_twice(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)

    assert act(client, "enable", method="app").status_code == 422
    assert TOTPDevice.objects.count() == 1


@pytest.mark.parametrize("method", ["", "sms-only", "backup-codes", "APP", "app\x00", "1"])
def test_only_methods_that_are_offered_can_be_chosen(alice, method):
    client = sign_in(alice)

    response = act(client, "enable", method=method)

    assert response.status_code == 422
    assert not TOTPDevice.objects.exists()
    assert not BackupCodeSet.objects.exists()


def test_en_13_confirming_twice_makes_one_device_one_set_and_one_mail(alice, mailoutbox):
    client = sign_in(alice)
    app = Authenticator(alice, start(client))
    code = app.code()
    mailoutbox.clear()

    answers = [answer(client, code, CONFIRM) for _ in range(2)]

    assert codes_on(answers[0]) == codes_on(answers[1]) != []
    assert (confirmed(alice), BackupCodeSet.objects.count()) == (1, 1)
    assert [mail.subject for mail in mailoutbox] == ["Two-factor authentication is on"]
    assert events_of(alice).count("two_factor.enabled") == 1


def test_en_14_no_address_shows_the_secret_after_confirmation(alice):
    client = sign_in(alice)
    app = enrol(alice, client)

    for path in [HOME, CONFIRM, f"{TWO_FACTOR}/enable", f"{TWO_FACTOR}/cancel", f"{TWO_FACTOR}/app/replace"]:
        response = client.get(path)
        assert response.get("Location", HOME) in (HOME, CONFIRM, CODES)
        assert "<svg width" not in response.content.decode()
        assert app.key not in re.sub(r"<[^>]*>|\s", "", response.content.decode())
        assert app.key not in response.content.decode()


def test_en_16_all_other_sessions_end_and_this_one_goes_on_under_a_new_key(alice):
    here, there, elsewhere = sign_in(alice), sign_in(alice), sign_in(alice)
    half_way = key_of(here)

    enrol(alice, here)

    assert is_out(there)
    assert is_out(elsewhere)
    assert is_signed_in(here, alice)
    assert key_of(here) != half_way
    assert is_out(with_key(half_way))
    assert Session.objects.get(verified_at__isnull=False).user == alice


def test_en_17_the_owner_is_told_without_secrets_and_finds_it_in_the_record(alice, mailoutbox):
    client = sign_in(alice)
    mailoutbox.clear()

    app = enrol(alice, client)

    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["alice@example.com"], "Two-factor authentication is on")
    text = mail.message().as_string()
    assert not [secret for secret in (app.key, app.code(), *app.codes) if secret in text]
    page = client.get("/app/settings/activity").content.decode()
    assert page.count("Enabled two-factor authentication") == 1


def test_en_19_an_unconfirmed_address_can_not_enrol(clock, mailoutbox):
    user = make_user("newcomer", email_confirmed_at=None)
    client = sign_in(user)

    for email in (None, "victim@example.com"):
        if email:
            client.post("/app/settings/profile/email", {"email": email})
        for method, phone in (("app", ""), ("sms", "(202) 555-0143"), ("app", "(202) 555-0143")):
            assert act(client, "enable", method=method, phone_number=phone)["Location"] == HOME
        assert "Confirm your email address first." in client.get(HOME).content.decode()  # the message
        page = client.get(HOME).content.decode()
        assert 'name="method"' not in page  # no form that can't be used
        assert page.count("Confirm your email address first.") == page.count(">Confirm email address<") == 1
    assert not TOTPDevice.objects.exists()
    assert not SMSDevice.objects.exists()
    assert "Two-factor authentication is on" not in [mail.subject for mail in mailoutbox]


def test_en_19_an_address_that_waits_is_not_the_one_that_enrols(alice, mailoutbox):
    client = sign_in(alice)
    client.post("/app/settings/profile/email", {"email": "victim@example.com"})
    mailoutbox.clear()

    client.post(f"{TWO_FACTOR}/enable", {"method": "app"})
    page = client.get(CONFIRM)
    app = Authenticator(alice, key_on(page))
    answer(client, app.code(), CONFIRM)

    assert "victim@example.com" not in page.content.decode()
    assert [mail.to for mail in mailoutbox] == [["alice@example.com"]]


def test_enrolling_leads_on_to_where_one_wanted_to_go(alice):
    client = sign_in(alice)
    page = client.get(f"{HOME}?next=/app/settings/activity").content.decode()
    assert '<input type="hidden" name="next" value="/app/settings/activity">' in page

    act(client, "enable", method="app", next="/app/settings/activity")
    app = Authenticator(alice, key_on(client.get(CONFIRM)))
    answer(client, app.code(), CONFIRM)

    assert act(client, "codes/kept")["Location"] == "/app/settings/activity"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "javascript:alert(1)"])
def test_lg_19_enrolling_leads_to_no_other_site(alice, target):
    client = sign_in(alice)
    act(client, "enable", method="app", next=target)
    app = Authenticator(alice, key_on(client.get(CONFIRM)))

    assert "evil" not in client.get(f"{HOME}?next={target}").content.decode()
    assert "evil" not in answer(client, app.code(), CONFIRM).content.decode()
    assert act(client, "codes/kept")["Location"] == HOME
