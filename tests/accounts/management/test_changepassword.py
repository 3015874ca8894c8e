"""changepassword: it ends sessions, records and mails, and says what is wrong."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AuditEvent
from tests.accounts.management.commands import run
from tests.support.mails import link_in, subjects
from tests.support.people import enrol, make_user, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PASSWORD = "another long password 43"


def change_password(monkeypatch, username, password=NEW_PASSWORD):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    call_command("changepassword", username, noinput=True, stdout=StringIO())


def test_sf2_changepassword_ends_sessions_records_and_mails(monkeypatch, alice, mailoutbox):
    make_user("root", is_staff=True, is_superuser=True)
    app = enrol(alice)
    client, pending, remembered = sign_in(alice, app), Client(), Client()
    post_password(pending, alice)
    post_password(remembered, alice)
    remembered.post("/session/two-factor", {"code": app.fresh_code(), "remember": "on"})
    mailoutbox.clear()

    change_password(monkeypatch, "alice")
    run("run_due_work")

    assert client.get("/app/settings/profile").status_code == 302
    assert pending.post("/session/two-factor", {"code": app.fresh_code()})["Location"] == "/session"
    remembered.post("/session/logout")
    assert post_password(remembered, alice).status_code == 422
    assert post_password(remembered, alice, NEW_PASSWORD)["Location"] == "/session/two-factor"
    event = AuditEvent.objects.get(event="password.changed")
    assert (event.actor, event.door, event.subject) == ("command", "command", "user:alice")
    assert subjects(mailoutbox, alice.email) == ["Your password was changed"]
    assert "A server administrator set a new password" in mailoutbox[0].body
    assert subjects(mailoutbox, "root@example.com") == ["alice: password set on the server"]
    assert NEW_PASSWORD not in "".join(mail.body for mail in mailoutbox) + str(event.data)


def test_sf2_a_link_for_a_new_password_dies_with_it(monkeypatch, alice, mailoutbox):
    client = Client()
    client.post("/account/password/forgot", {"email": alice.email})
    link = link_in(mailoutbox[-1], "/account/password/reset/")

    change_password(monkeypatch, "alice")

    client.get(link)
    client.post("/account/password/reset", {"new_password": "the thief's long password"})
    assert post_password(Client(), alice, NEW_PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [
        ("nobody", NEW_PASSWORD, "no user 'nobody'"),
        ("nobody@example.com", NEW_PASSWORD, "no user"),
        ("\udcff", NEW_PASSWORD, "no user"),
        ("alice\x00", NEW_PASSWORD, "no user"),
        ("alice", "too short", "too short"),
        ("alice", "x" * 2000, "characters at most"),
        ("alice", "", "DJANGO_SUPERUSER_PASSWORD"),
        ("alice", "a long password \udcff in bytes", "not valid UTF-8"),
    ],
)
def test_sf2_changepassword_says_what_is_wrong(monkeypatch, alice, username, password, says):
    with pytest.raises(CommandError, match=says):
        change_password(monkeypatch, username, password)

    assert post_password(Client(), alice).status_code == 302
    assert not AuditEvent.objects.filter(event="password.changed").exists()


@pytest.mark.parametrize("username", ["alice", "ALICE", "alice@example.com"])
def test_sf2_changepassword_asks_twice(monkeypatch, alice, username):
    typed = iter([NEW_PASSWORD, NEW_PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda question: next(typed))

    call_command("changepassword", username, stdout=StringIO())

    assert post_password(Client(), alice, NEW_PASSWORD).status_code == 302


def test_sf2_two_different_passwords_change_nothing(monkeypatch, alice):
    typed = iter([NEW_PASSWORD, "something else altogether"])
    monkeypatch.setattr("getpass.getpass", lambda question: next(typed))

    with pytest.raises(CommandError, match="two passwords are different"):
        call_command("changepassword", "alice", stdout=StringIO())

    assert post_password(Client(), alice).status_code == 302
