"""Remembered browsers: several people in one, the list of them, and what is kept."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.management import housekeeping
from accounts.models import RememberedBrowser, Session
from tests.accounts.sessions.remembering import (
    DAY,
    SESSIONS,
    is_asked,
    remember,
    renew_codes,
    sign_in_without_code,
)
from tests.support import people
from tests.support.people import PASSWORD, post_password
from tests.support.statements import sent, statements
from tests.support.two_factor import SUDO, events_of, is_signed_in, sudo_page

pytestmark = pytest.mark.django_db(transaction=True)


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


# ---------------------------------------------------------------- people who share a browser


def test_two_people_can_be_remembered_in_one_browser(alice, bob, app_of_alice):
    app_of_bob = people.enrol(bob)
    client = remember(bob, app_of_bob, remember(alice, app_of_alice))

    assert not is_asked(client, alice)
    assert not is_asked(client, bob)


def test_forgetting_one_of_them_leaves_the_other(alice, bob, app_of_alice):
    client = remember(bob, people.enrol(bob), remember(alice, app_of_alice))
    post_password(client, alice)
    client.post(SUDO, {"code": app_of_alice.fresh_code()})
    own = RememberedBrowser.objects.get(user=alice)

    client.post(f"{SESSIONS}/remembered/{own.pk}/forget")
    client.post("/session/logout")

    assert client.cookies["remembered"].value.startswith(f"{bob.pk}.")
    assert is_asked(client, alice)
    assert not is_asked(client, bob)


# ---------------------------------------------------------------- the list


def test_the_list_tells_browser_address_and_end_and_marks_this_one(alice, app_of_alice):
    client = Client(headers={"user-agent": CHROME})
    remember(alice, app_of_alice, client)
    post_password(client, alice)
    row = RememberedBrowser.objects.get()

    [entry] = client.get(SESSIONS).context["remembered"]

    assert (entry.browser, entry.row.ip, entry.is_this) == ("Chrome on Linux", "127.0.0.1", True)
    assert entry.ends_at == row.created_at + timedelta(days=14)
    [elsewhere] = people.sign_in(alice, app_of_alice).get(SESSIONS).context["remembered"]
    assert not elsewhere.is_this


def test_forgetting_this_browser_deletes_its_cookie(alice, app_of_alice):
    client = sign_in_without_code(alice, app_of_alice)
    client.post(SUDO, {"code": app_of_alice.fresh_code()})
    row = RememberedBrowser.objects.get()

    response = client.post(f"{SESSIONS}/remembered/{row.pk}/forget")

    assert response.cookies["remembered"]["max-age"] == 0
    assert is_signed_in(client, alice)
    assert events_of(alice)[-1] == "browser.forgotten"


def test_forgetting_needs_sudo_and_comes_back_to_the_page(alice, app_of_alice):
    client = sign_in_without_code(alice, app_of_alice)
    row = RememberedBrowser.objects.get()

    for path in (f"{SESSIONS}/remembered/{row.pk}/forget", f"{SESSIONS}/remembered/forget"):
        assert client.post(path)["Location"] == sudo_page(SESSIONS, path)
        assert client.get(path)["Location"] == SESSIONS
    assert RememberedBrowser.objects.exists()


def test_nobody_forgets_for_somebody_else(alice, bob, app_of_alice):
    client = remember(alice, app_of_alice)
    row = RememberedBrowser.objects.get()
    other = people.sign_in(bob)

    other.post(f"{SESSIONS}/remembered/{row.pk}/forget")
    other.post(f"{SESSIONS}/remembered/forget")

    assert not is_asked(client, alice)
    assert "browser.forgotten" not in events_of(bob)


def test_forgetting_twice_is_harmless_and_recorded_once(alice, app_of_alice):
    remember(alice, app_of_alice)
    client = people.sign_in(alice, app_of_alice)

    for _ in range(2):
        assert client.post(f"{SESSIONS}/remembered/forget")["Location"] == SESSIONS

    assert events_of(alice).count("browser.forgotten") == 1


# ---------------------------------------------------------------- what is kept, told and paid


def test_r25_the_table_holds_no_token(alice, app_of_alice):
    token = remember(alice, app_of_alice).cookies["remembered"].value.partition(".")[2]
    row = RememberedBrowser.objects.get()

    assert len(token) >= 43
    assert token not in str(vars(row))


def test_the_mail_about_a_new_browser_says_that_it_was_remembered(alice, app_of_alice):
    mail.outbox.clear()

    remember(alice, app_of_alice)

    [message] = mail.outbox
    assert message.subject == "New sign-in to your account"
    assert "for 14 days, signing in there takes only your password and no code" in " ".join(
        message.body.split()
    )
    assert SESSIONS in message.body


def test_the_mail_about_another_browser_does_not(alice, app_of_alice):
    mail.outbox.clear()

    people.sign_in(alice, app_of_alice)

    assert "14 days" not in mail.outbox[0].body


def test_it_is_recorded_once(alice, app_of_alice):
    remember(alice, app_of_alice)

    assert events_of(alice)[-3:] == ["login.succeeded", "browser.remembered", "login.ended"]


def test_a_sign_in_without_a_code_costs_less_than_one_with_it(alice, app_of_alice):
    client = remember(alice, app_of_alice)

    with sent() as queries:
        client.get("/session")
        assert post_password(client, alice)["Location"] == "/app"
        assert client.get("/app").status_code == 200

    assert len(statements(queries)) <= 9, "\n".join(statements(queries))


def test_what_has_ended_is_tidied_away(clock, alice, bob):
    app_of_alice, app_of_bob = people.enrol(alice), people.enrol(bob)
    remember(alice, app_of_alice)
    remember(bob, app_of_bob)
    renew_codes(bob, app_of_bob, people.sign_in(bob, app_of_bob))

    housekeeping.tidy()
    assert [row.user for row in RememberedBrowser.objects.all()] == [alice]

    clock.shift(14 * DAY + 1)
    housekeeping.tidy()
    assert not RememberedBrowser.objects.exists()


def test_se_09_a_deleted_account_leaves_none_behind(alice, app_of_alice):
    remember(alice, app_of_alice)
    client = people.sign_in(alice, app_of_alice)

    client.post("/app/settings/profile/delete", {"password": PASSWORD})

    assert not RememberedBrowser.objects.exists()


def test_a_remembered_session_is_never_a_proof(alice, app_of_alice):
    """The database refuses it, whatever the code does."""
    sign_in_without_code(alice, app_of_alice)
    sessions = Session.objects.filter(user=alice, factor="remembered")

    with pytest.raises(IntegrityError):
        sessions.update(proved_at=timezone.now())
