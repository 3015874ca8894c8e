"""New backup codes, on a page of their own that can be loaded again for a while (D46)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.factors.sms.models import SMSDevice
from accounts.models import AuditEvent, Session, User
from accounts.two_factor.fresh_codes import FRESH_CODES
from tests.accounts.factors.sms.conftest import NUMBER
from tests.support.people import (
    CODES,
    PASSWORD,
    TWO_FACTOR,
    Authenticator,
    codes_on,
    key_on,
    sign_in,
    start_enrolment,
)
from tests.support.two_factor import (
    HOME,
    SUDO,
    act,
    answer,
    events_of,
    key_of,
    let_sudo_expire,
    pending,
    recover,
    with_key,
)

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = f"{TWO_FACTOR}/confirm"
KEPT = f"{CODES}/kept"
GONE = "New codes appear here for five minutes"


@pytest.fixture
def client(alice):
    """A browser in which alice has just turned two-factor authentication on."""
    browser = sign_in(alice)
    browser.app = Authenticator(alice, start_enrolment(browser))
    assert browser.post(CONFIRM, {"code": browser.app.code()})["Location"] == CODES
    return browser


def shown(browser):
    return codes_on(browser.get(CODES))


def set_up_on(response):
    return re.search(r'name="set_up" value="(\d+)"', response.content.decode())[1]


def says_what_is_true(response):
    text = response.content.decode()
    return GONE in text and "Two-factor authentication is on." in text and "Reveal codes" in text


# ---------------------------------------------------------------- loading it again


def test_pf5_the_page_can_be_loaded_again(alice, client):
    first = client.get(CODES)

    assert len(set(codes_on(first))) == 10
    assert first["Cache-Control"] == "no-store"
    assert shown(client) == shown(client) == codes_on(first)
    assert codes_on(client.get(client.get(CONFIRM)["Location"])) == codes_on(first)  # the button Back
    assert codes_on(answer(client, client.app.code(), CONFIRM)) == codes_on(first)  # or the form once more
    assert "has ended" not in client.get(CODES).content.decode()


def test_pf5_looking_at_new_codes_is_recorded_as_what_made_them_and_nothing_else(alice, client, mailoutbox):
    mailoutbox.clear()
    before = list(AuditEvent.objects.values_list("pk", flat=True))

    for _ in range(3):
        assert shown(client)

    assert list(AuditEvent.objects.values_list("pk", flat=True)) == before
    assert mailoutbox == []
    assert events_of(alice).count("two_factor.enabled") == 1
    assert "backup_codes.revealed" not in events_of(alice)


def test_pf5_until_they_are_kept(alice, client):
    assert client.post(KEPT)["Location"] == HOME

    page = client.get(CODES)
    assert says_what_is_true(page)
    assert codes_on(page) == []
    assert "You have 10 backup codes." in page.content.decode()
    assert client.post(KEPT)["Location"] == HOME  # in the second tab
    assert client.get(KEPT)["Location"] == CODES
    assert "backup_codes.revealed" not in events_of(alice)
    assert len(codes_on(act(client, "reveal-codes"))) == 10
    assert events_of(alice)[-1] == "backup_codes.revealed"


def test_pf5_renewed_codes_have_the_page_as_well(alice, client):
    former = shown(client)

    assert client.post(f"{TWO_FACTOR}/renew-codes")["Location"] == CODES

    new = shown(client)
    assert len(set(new)) == 10
    assert not set(new) & set(former)
    assert shown(client) == new
    assert "replace your old ones" in client.get(CODES).content.decode()


def test_pf5_a_code_that_was_used_meanwhile_is_shown_no_more(alice, client):
    used, *others = shown(client)
    recover(pending(alice), used)

    assert shown(client) == others


# ---------------------------------------------------------------- for a while only


def test_d46_no_longer_than_the_proof_is_fresh(alice, client):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(timedelta(minutes=4, seconds=55))
        assert shown(client)
        clock.shift(timedelta(seconds=6))
        page = client.get(CODES)

    assert says_what_is_true(page)
    assert codes_on(page) == []


def test_d46_not_without_sudo_and_another_proof_makes_it_no_longer(alice, client):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        let_sudo_expire(alice)
        assert shown(client) == []
        clock.shift(timedelta(minutes=6))
        answer(client, client.app.fresh_code(), SUDO)
        assert act(client, "reveal-codes").status_code == 200  # the proof is fresh
        assert shown(client) == []


def test_d46_the_minutes_of_renewed_codes_begin_with_the_proof(alice, client):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(timedelta(minutes=4))
        client.post(f"{TWO_FACTOR}/renew-codes")
        assert shown(client)
        clock.shift(timedelta(minutes=1, seconds=1))
        assert shown(client) == []


def test_d46_a_clock_that_goes_back_shows_nothing_for_longer(alice, client):
    with time_machine.travel(timezone.now() - timedelta(hours=1), tick=False):
        assert shown(client) == []


# ---------------------------------------------------------------- here only


def test_d46_in_the_session_that_made_them_only(alice, client):
    stranger, other = Client(), sign_in(alice, client.app)

    assert stranger.get(CODES)["Location"] == f"/session?next={CODES}"
    assert says_what_is_true(other.get(CODES))
    assert codes_on(other.get(CODES)) == []
    assert shown(client)


def test_d46_not_after_signing_out(alice, client):
    tab = with_key(key_of(client))
    client.post("/session/logout")
    assert tab.get(CODES)["Location"] == client.get(CODES)["Location"] == f"/session?next={CODES}"

    sign_in(alice, client.app, client)

    assert says_what_is_true(client.get(CODES))
    assert shown(client) == []


def test_d46_a_pending_login_sees_nothing(alice, client):
    assert pending(alice).get(CODES)["Location"] == f"/session?next={CODES}"


def test_d46_nobody_else_in_the_same_browser_sees_them(alice, bob, client):
    sign_in(bob, client=client)

    response = client.get(CODES)

    assert response["Location"] == HOME
    assert "Two-factor authentication isn&#x27;t enabled." in client.get(HOME).content.decode()


def test_d46_the_newest_set_only(alice, client):
    """Renewing elsewhere ends this session; the page does not count on that."""
    other = sign_in(alice, client.app)
    other.post(f"{TWO_FACTOR}/renew-codes")
    assert client.get(CODES)["Location"].startswith("/session?")
    stamp = User.objects.get(pk=alice.pk).security_stamp
    Session.objects.update(security_stamp=stamp)

    page = client.get(CODES)

    assert codes_on(page) == []
    assert says_what_is_true(page)
    assert "Newer codes have replaced" in page.content.decode()


def test_d46_after_two_factor_is_off_there_is_nothing(alice, client):
    act(client, "disable", password=PASSWORD)

    assert client.get(CODES)["Location"] == HOME
    assert client.post(KEPT)["Location"] == HOME


def test_d46_no_code_is_kept_a_second_time(alice, client):
    codes = shown(client)

    [row] = Session.objects.filter(user=alice, data__has_key=FRESH_CODES)
    kept = [str(row.data), *(morsel.value for morsel in client.cookies.values())]
    assert not [code for code in codes for text in kept if code in text or code.replace("-", "") in text]


def test_d46_only_a_post_says_that_they_are_kept(alice, client):
    for method in ("get", "head", "options", "put"):
        getattr(client, method)(KEPT)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(KEPT).status_code == 403

    assert shown(client)


# ---------------------------------------------------------------- stale tabs


def test_pf5_the_set_up_in_another_tab_says_that_it_is_on(alice, client):
    client.post(KEPT)

    for action in ("confirm", "resend", "cancel"):
        response = client.post(f"{TWO_FACTOR}/{action}", {"code": "123456"})
        assert response["Location"] == HOME
        page = client.get(HOME).content.decode()
        assert "Two-factor authentication is on, as shown here." in page
        assert "Please start again" not in page


def test_pf5_a_set_up_that_was_cancelled_elsewhere_can_be_started_again(alice):
    browser = sign_in(alice)
    app = Authenticator(alice, start_enrolment(browser))
    act(browser, "cancel")

    assert answer(browser, app.code(), CONFIRM)["Location"] == HOME
    assert "That setup has ended. Please start again." in browser.get(HOME).content.decode()


def test_pf5_a_set_up_that_was_begun_again_elsewhere_shows_the_new_one(alice):
    browser = sign_in(alice)
    first = Authenticator(alice, start_enrolment(browser))
    first_page = set_up_on(browser.get(CONFIRM))
    second = Authenticator(alice, start_enrolment(browser))

    response = browser.post(CONFIRM, {"code": first.code(), "set_up": first_page})
    page = browser.get(response["Location"])

    assert response["Location"] == CONFIRM
    assert "This setup was started again, perhaps in another tab." in page.content.decode()
    assert key_on(page) == second.key
    assert "two_factor.failed" not in events_of(alice)
    answered = browser.post(CONFIRM, {"code": second.code(), "set_up": set_up_on(page)})
    assert answered["Location"] == CODES


def test_pf5_with_a_phone_to_confirm_next_the_codes_stay_until_they_are_kept(alice):
    browser = sign_in(alice)
    act(browser, "enable", method="app", phone_number=NUMBER)
    app = Authenticator(alice, browser.get(CONFIRM).context["description"]["key"])
    codes = codes_on(answer(browser, app.code(), CONFIRM))

    assert "Verify your number" in browser.get(CODES).content.decode()
    assert shown(browser) == codes != []
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        gone = browser.get(CODES)
    assert says_what_is_true(gone)
    assert f'<a href="{CONFIRM}">Verify your number</a>' in gone.content.decode()
    assert browser.post(KEPT)["Location"] == CONFIRM
    assert shown(browser) == []
    assert "Verify your number" not in browser.get(CODES).content.decode()
    assert SMSDevice.objects.filter(user=alice, confirmed=False).exists()  # it can still be confirmed
