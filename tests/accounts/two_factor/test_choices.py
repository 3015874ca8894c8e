"""A choice that has to wait for a proof: sealed in the session, named on the page, carried out once (D6)."""

import re

import pytest

from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import SMSDevice
from accounts.factors.totp.models import TOTPDevice
from accounts.models import Session
from tests.accounts.factors.sms.conftest import E164, NUMBER
from tests.support.crawler import dump
from tests.support.people import PASSWORD, TWO_FACTOR, sign_in
from tests.support.two_factor import (
    HOME,
    SUDO,
    act,
    answer,
    events_of,
    key_of,
    let_sudo_expire,
    sudo_page,
    with_key,
)

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = f"{TWO_FACTOR}/confirm"
ENABLE = f"{TWO_FACTOR}/enable"
AT_PROOF = sudo_page(HOME, ENABLE)
WAITING = ["Application", "SMS (Text Message) ••• ••• ••43 (United States)"]


@pytest.fixture
def client(alice):
    """A browser in which alice has signed in a while ago."""
    browser = sign_in(alice)
    let_sudo_expire(alice)
    outbox.clear()
    return browser


def choose(browser, method="app", **fields):
    response = act(browser, "enable", method=method, **fields)
    assert response["Location"].startswith(f"{SUDO}?"), response.content.decode()
    return response["Location"]


def fields_on(browser, page=AT_PROOF):
    """Return the hidden fields of the form that asks for the proof."""
    text = browser.get(page).content.decode()
    hidden = r'<input type="hidden" name="(next|for|choice|factor)" value="([^"]*)">'
    return dict(re.findall(hidden, text))


def prove(browser, fields, **proof):
    return browser.post(SUDO, fields | (proof or {"password": PASSWORD}))


def nothing_begun():
    return not TOTPDevice.objects.filter(confirmed=False).exists() and not SMSDevice.objects.exists()


# ---------------------------------------------------------------- carried out


def test_d6_the_proof_itself_begins_the_set_up(alice, client):
    choose(client, phone_number=NUMBER)
    page = client.get(AT_PROOF).content.decode()

    assert re.findall(r"<li><strong>(.*?)</strong></li>", page) == WAITING
    assert nothing_begun()
    assert prove(client, fields_on(client))["Location"] == CONFIRM

    assert "key" in client.get(CONFIRM).context["description"]
    assert SMSDevice.objects.filter(user=alice, confirmed=False).count() == 1
    assert events_of(alice)[-3:] == ["sudo.granted", "two_factor.started", "two_factor.started"]
    assert outbox == []


def test_d6_a_number_alone_is_texted_after_the_proof_and_not_before(client):
    choose(client, method="sms", phone_number=NUMBER)
    client.get(AT_PROOF)
    assert outbox == []

    assert prove(client, fields_on(client))["Location"] == CONFIRM

    assert [text.to for text in outbox] == [E164]


def test_d6_replacing_the_app_waits_for_the_second_factor(alice, app_of_alice):
    browser = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    asked = act(browser, "app/replace")["Location"]

    assert asked == sudo_page(HOME, f"{TWO_FACTOR}/app/replace")
    fields = fields_on(browser, asked)
    assert prove(browser, fields, code=app_of_alice.wrong_code()).status_code == 422
    assert nothing_begun()
    assert prove(browser, fields, code=app_of_alice.fresh_code())["Location"] == CONFIRM
    assert "current app keeps working" in browser.get(CONFIRM).content.decode()


def test_d6_it_leads_on_to_where_one_came_from(client):
    asked = choose(client, next="/app/settings/activity")

    prove(client, fields_on(client, asked))

    assert act(client, "cancel")["Location"] == "/app/settings/activity"


# ---------------------------------------------------------------- sealed


def test_r39_the_number_is_in_no_address_no_page_and_not_in_clear_in_the_session(alice, client):
    asked = choose(client, method="sms", phone_number=NUMBER)

    page = client.get(asked).content.decode()
    kept = str(Session.objects.get(user=alice).data)
    for text in (asked, page, kept):
        assert not re.search(r"555\D?01", text)
    assert "••43" in page


def test_d6_what_was_moved_from_the_session_of_somebody_else_begins_nothing(alice, bob, client):
    choose(client, method="sms", phone_number=NUMBER)
    row = Session.objects.get(user=alice)
    thief = sign_in(bob)
    let_sudo_expire(bob)
    choose(thief)
    own = Session.objects.get(user=bob)
    own.data["choice"]["sealed"] = row.data["choice"]["sealed"]
    own.save()

    assert "choice" not in fields_on(thief)
    assert prove(thief, {"next": HOME, "for": ENABLE})["Location"] == HOME
    assert nothing_begun()


# ---------------------------------------------------------------- once, and not for long


def test_d6_it_waits_five_minutes(clock, client):
    choose(client)
    fields = fields_on(client)
    clock.shift(5 * 60)

    assert "choice" not in fields_on(client)
    assert prove(client, fields)["Location"] == HOME

    assert nothing_begun()
    assert "you can now set up two-factor authentication" in client.get(HOME).content.decode()


def test_d6_it_is_carried_out_once(alice, client):
    choose(client)
    fields = fields_on(client)
    assert prove(client, fields)["Location"] == CONFIRM
    act(client, "cancel")

    again = prove(client, fields)

    assert again["Location"] == HOME
    assert nothing_begun()
    assert events_of(alice).count("two_factor.started") == 1


def test_d6_without_a_proof_nothing_happens(client):
    choose(client)
    fields, before = fields_on(client), dump()

    for method in ("get", "head", "options"):
        getattr(client, method)(SUDO, fields)
    assert dump() == before
    assert prove(client, fields, password="wrong").status_code == 422
    assert nothing_begun()
    assert client.get(CONFIRM)["Location"].startswith(f"{SUDO}?")


def test_d6_a_proof_in_another_tab_does_not_carry_it_out_and_ends_it(client):
    choose(client)
    fields = fields_on(client)

    assert prove(client, {"next": "/app", "for": "/app/settings/password"})["Location"] == "/app"
    assert client.get(AT_PROOF)["Location"] == HOME  # proved already: a page only leads on

    assert prove(client, fields)["Location"] == HOME
    assert nothing_begun()


def test_d6_a_page_that_named_another_choice_carries_out_none(client):
    choose(client)
    first = fields_on(client)
    choose(client, method="sms", phone_number=NUMBER)

    assert prove(client, first)["Location"] == HOME

    assert nothing_begun()
    assert outbox == []


@pytest.mark.parametrize("form", ["", "/nothing", "https://evil.example/", f"{TWO_FACTOR}/reveal-codes"])
def test_d6_only_the_form_that_was_sent_is_carried_out(client, form):
    choose(client)
    fields = fields_on(client)

    assert prove(client, fields | {"for": form})["Location"] == HOME
    assert nothing_begun()


def test_d6_signing_out_and_a_new_password_end_it(alice, client):
    choose(client)
    fields = fields_on(client)
    client.post("/session/logout")
    sign_in(alice, client=client)
    assert prove(client, fields)["Location"] == HOME

    let_sudo_expire(alice)
    choose(client)
    fields = fields_on(client)
    Session.objects.filter(user=alice).update(security_stamp="f" * 32)
    prove(client, fields)
    assert nothing_begun()


def test_r9_the_former_key_carries_nothing_out(client):
    choose(client)
    fields, tab = fields_on(client), with_key(key_of(client))
    assert prove(client, fields)["Location"] == CONFIRM

    assert prove(tab, fields)["Location"].startswith("/session?")
    assert TOTPDevice.objects.count() == 1


def test_d42_what_was_done_meanwhile_is_not_done_again(alice, client):
    choose(client)
    fields = fields_on(client)
    TOTPDevice.objects.create(user=alice, confirmed=True, sealed_secret="x")

    assert prove(client, fields)["Location"] == HOME
    assert nothing_begun()
    assert "Application is already configured." in client.get(HOME).content.decode()


def test_what_is_wrong_with_a_choice_is_said_before_a_proof_is_asked(client):
    assert act(client, "enable", method="sms", phone_number="555").status_code == 422
    assert act(client, "enable", method="").status_code == 422


# ---------------------------------------------------------------- other forms


REFUSED = {
    f"{TWO_FACTOR}/reveal-codes": (HOME, "reveal your backup codes", HOME),
    f"{TWO_FACTOR}/disable": (f"{TWO_FACTOR}/disable", "disable two-factor authentication", HOME),
    "/app/settings/password": ("/app/settings/password", "change your password", "/app/settings/profile"),
    "/app/settings/tokens/create": (
        "/app/settings/tokens?description=ci",
        "generate a token",
        "/app/settings/tokens",
    ),
}


@pytest.mark.parametrize("form", REFUSED)
def test_d6_the_page_says_what_the_proof_is_for_and_afterwards_that_nothing_was_done(
    alice, app_of_alice, form
):
    page, to, cancel = REFUSED[form]
    browser = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)
    asked = browser.post(form, {"description": "ci"})["Location"]
    text = browser.get(asked).content.decode()

    assert f"Confirm that it's you to {to}." in text.replace("&#x27;", "'")
    assert f'<a href="{cancel}">Cancel</a>' in text
    fields = fields_on(browser, asked)
    assert prove(browser, fields, code=app_of_alice.fresh_code())["Location"] == page
    assert f"Nothing has been done yet: you can now {to}." in browser.get(page).content.decode()


def test_d6_a_page_that_was_only_opened_names_it_as_well(alice, app_of_alice):
    browser = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    asked = browser.get("/app/settings/profile/delete")["Location"]
    text = browser.get(asked).content.decode()

    assert "to delete your account." in text
    assert '<a href="/app/settings/profile">Cancel</a>' in text
    assert answer(browser, app_of_alice.fresh_code(), asked)["Location"] == "/app/settings/profile/delete"
    assert "Nothing has been done" not in browser.get("/app/settings/profile/delete").content.decode()
