"""Mails on their way: none without its fact, none lost, none readable in the database."""

import socket
import subprocess
import sys
from datetime import timedelta
from functools import partial
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

import pytest
import time_machine
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import outbox
from accounts.audit import Actor
from accounts.factors.totp.models import TOTPDevice
from accounts.models import OutboxMessage, RateLimit, Session, User
from accounts.outbox import delivery, queue, threads
from tests.support import environment
from tests.support.mails import send_by
from tests.support.people import PASSWORD, make_user, sign_in, start_enrolment
from tests.support.servers import parse_mails

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "a reason that nobody else should read"
notice = partial(outbox.notify, actor=Actor.command(), reason=SECRET)


class Broken(EmailBackend):
    """A mail server that is away. Its error says more than a log may."""

    tried = 0

    def send_messages(self, messages):
        Broken.tried += 1
        raise ConnectionRefusedError(f"cannot reach the server for {messages[0].to}")


@pytest.fixture
def broken_mail(settings, mailoutbox):
    send_by(f"{__name__}.Broken", settings)
    Broken.tried = 0

    def mend():
        send_by("django.core.mail.backends.locmem.EmailBackend", settings)

    return mend


def write(user, count=1):
    """Rows that are due, as a request leaves them that could not send."""
    delivery.waiting.set([])
    for _ in range(count):
        outbox.notify_address(
            user.email, "account_deactivated", user=user, actor=Actor.command(), reason=SECRET
        )
    delivery.waiting.set(None)


@pytest.fixture
def readers(monkeypatch):
    """An audience of many, as organizations registers one."""

    def find(key, after, limit):
        return list(User.objects.filter(pk__gt=after).order_by("pk")[:limit])

    monkeypatch.setitem(delivery.audiences, "everybody", find)
    monkeypatch.setattr(delivery, "BATCH", 3)
    return [make_user(f"user{n}") for n in range(7)]


def broadcast():
    news = {"audience": "everybody", "key": "1", "organization_name": "acme"}
    delivery.waiting.set([])
    outbox.broadcast("organization_lifted_two_factor", **news)
    delivery.waiting.set(None)


# ---------------------------------------------------------------- sending


def test_a_mail_that_is_sent_leaves_nothing_readable(alice, mailoutbox):
    write(alice)
    row = OutboxMessage.objects.get()
    assert row.sealed
    assert SECRET not in row.sealed
    assert alice.email not in row.sealed

    assert delivery.send_due() == 1

    row.refresh_from_db()
    assert row.sealed == ""
    assert row.sent_at
    assert SECRET in mailoutbox[0].body
    assert mailoutbox[0].alternatives[0].mimetype == "text/html"


def test_what_is_rolled_back_is_not_sent(alice, mailoutbox):
    with transaction.atomic():
        notice(alice, "account_deactivated")
        transaction.set_rollback(True)

    assert delivery.send_due() == 0
    assert mailoutbox == []


def test_outside_of_requests_it_leaves_after_the_commit(alice, mailoutbox):
    with transaction.atomic():
        notice(alice, "account_deactivated")
        assert mailoutbox == []

    assert len(mailoutbox) == 1


def test_an_address_that_was_never_confirmed_gets_no_news(mailoutbox):
    notice(make_user("alice", email_confirmed_at=None), "account_deactivated")

    assert not OutboxMessage.objects.exists()


# ---------------------------------------------------------------- failing


def test_the_action_succeeds_without_mail_and_the_mail_comes_later(alice, broken_mail, mailoutbox):
    client = sign_in(alice)

    response = client.post(
        "/app/settings/password", {"password": PASSWORD, "new_password": "another good sentence"}
    )
    assert response.status_code == 302
    broken_mail()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        call_command("run_due_work")

    assert "Your password was changed" in [mail.subject for mail in mailoutbox]


def test_r39_a_failure_is_logged_without_the_address(alice, broken_mail, caplog):
    write(alice)

    delivery.send_due()

    assert "ConnectionRefusedError" in caplog.text
    assert alice.email not in caplog.text
    assert OutboxMessage.objects.get().last_error == "ConnectionRefusedError"


def test_waits_longer_from_time_to_time_and_gives_up_in_the_end(alice, broken_mail):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        write(alice)
        waits = []
        for _ in range(8):
            delivery.send_due()
            row = OutboxMessage.objects.get()
            waits.append((row.due_at - timezone.now()) // timedelta(minutes=1))
            clock.move_to(row.due_at)
        clock.shift(timedelta(days=3))
        assert delivery.send_due() == 0
        call_command("run_due_work")
        row.refresh_from_db()
        assert (row.sealed, row.sent_at) == ("", None)
        clock.shift(timedelta(days=8))
        call_command("run_due_work")

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert not OutboxMessage.objects.exists()


def test_a_mail_server_that_is_away_is_not_asked_for_every_mail(alice, broken_mail):
    write(alice, 20)

    delivery.send_due()

    assert Broken.tried == delivery.FAILURES_IN_A_ROW


class Refusing(EmailBackend):
    """A mail server that is there and knows nobody called alice, or does not like what she is told."""

    error: Exception

    def send_messages(self, messages):
        if messages[0].to == ["alice@example.com"]:
            raise Refusing.error
        return super().send_messages(messages)


NOBODY = SMTPRecipientsRefused({"alice@example.com": (550, b"no such user alice@example.com")})
BUSY = SMTPRecipientsRefused({"alice@example.com": (450, b"try again later")})
TOO_LONG = SMTPDataError(552, b"too long for alice@example.com")
WHO_ARE_YOU = SMTPSenderRefused(530, b"sign in first", "no-reply@localhost")


@pytest.fixture
def refuse(settings, mailoutbox):
    def begin(error):
        send_by(f"{__name__}.Refusing", settings)
        Refusing.error = error

    return begin


@pytest.mark.parametrize("error", [NOBODY, TOO_LONG], ids=["reader", "content"])
def test_a_mail_that_the_server_refuses_is_given_up_after_three_attempts(alice, refuse, caplog, error):
    refuse(error)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        write(alice)
        for number in range(1, 6):
            delivery.send_due()
            row = OutboxMessage.objects.get()
            assert row.attempts == min(number, queue.ATTEMPTS_AT_REFUSED)
            clock.shift(timedelta(hours=2))

    assert (row.sealed, row.sent_at, row.last_error) == ("", None, type(error).__name__)
    assert "is given up" in caplog.text
    assert alice.email not in caplog.text


def test_refused_mails_do_not_keep_the_others(alice, bob, refuse, mailoutbox):
    refuse(NOBODY)
    write(alice, delivery.FAILURES_IN_A_ROW + 1)
    write(bob)

    delivery.send_due()

    assert [mail.to for mail in mailoutbox] == [[bob.email]]


@pytest.mark.parametrize("error", [BUSY, WHO_ARE_YOU], ids=["busy", "sender"])
def test_what_may_be_mended_is_not_given_up(alice, refuse, error):
    refuse(error)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        write(alice)
        for _ in range(5):
            delivery.send_due()
            clock.shift(timedelta(hours=2))

    row = OutboxMessage.objects.get()
    assert row.attempts == 5
    assert row.sealed


def test_a_link_is_not_sent_after_its_time(alice, broken_mail, mailoutbox):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        Client().post("/account/password/forgot", {"email": alice.email})
        broken_mail()
        clock.shift(3601)

        assert delivery.send_due() == 0
    assert mailoutbox == []


# ---------------------------------------------------------------- many


def test_a_mail_to_many_is_one_row_and_reaches_everybody_once(readers, mailoutbox):
    broadcast()
    assert OutboxMessage.objects.count() == 1

    delivery.send_due()

    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(user.email for user in readers)
    assert not OutboxMessage.objects.filter(sent_at=None).exists()


def test_a_batch_that_fails_is_expanded_again_and_nobody_gets_two(readers, mailoutbox, monkeypatch):
    broadcast()
    create = OutboxMessage.objects.bulk_create
    monkeypatch.setattr(OutboxMessage.objects, "bulk_create", lambda rows: create(rows) and 1 / 0)
    delivery.send_due()
    monkeypatch.undo()
    assert OutboxMessage.objects.get().cursor == 0

    monkeypatch.setitem(delivery.audiences, "everybody", lambda key, after, limit: readers[after:limit])
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        delivery.send_due()

    assert len(mailoutbox) == len(readers)


def test_the_answer_waits_for_no_mail_and_the_rest_is_left_to_the_command(alice, broken_mail):
    client = sign_in(alice)
    write(alice, 3)
    delivery.waiting.set(list(OutboxMessage.objects.order_by("pk").values_list("pk", "kind")))
    Broken.tried = 0

    delivery.deliver_collected()
    threads.wait_until_idle()

    assert Broken.tried == 1
    assert client


def run_due_work(*arguments, **settings):
    """Start the command in a process of its own, on the database of this test."""
    command = [sys.executable, str(environment.ROOT / "manage.py"), "run_due_work", *arguments]
    database = {"DATABASE_URL": environment.test_database_url()}
    return subprocess.Popen(command, env=environment.environment | database | settings)


def test_safe_to_run_twice_at_once(alice, tmp_path):
    write(alice, 30)
    runs = [run_due_work(EMAIL_URL=f"filemail:///{tmp_path}") for _ in range(2)]

    assert [run.wait(timeout=300) for run in runs] == [0, 0]

    mails = [mail for file in tmp_path.glob("*.log") for mail in parse_mails(file)]
    assert len(mails) == 30
    assert not OutboxMessage.objects.filter(sent_at=None).exists()


def test_what_is_killed_while_it_sends_loses_nothing(alice, mailoutbox):
    write(alice, 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        run = run_due_work("--loop", "30", EMAIL_URL=f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        with silent.accept()[0]:  # one mail is claimed and waits for the server's greeting
            run.kill()
            run.wait()

    assert delivery.send_due() == 1
    with time_machine.travel(timezone.now() + queue.CLAIM + timedelta(seconds=1)):
        assert delivery.send_due() == 1

    assert len(mailoutbox) == 2


# ---------------------------------------------------------------- tidying


def test_tidies_what_time_has_made_useless(alice, mailoutbox):
    start_enrolment(sign_in(alice))
    write(alice)
    call_command("run_due_work")
    assert Session.objects.exists()
    assert RateLimit.objects.exists()

    with time_machine.travel(timezone.now() + timedelta(days=15)):
        call_command("run_due_work")

    assert not Session.objects.exists()
    assert not RateLimit.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert not TOTPDevice.objects.exists()


def test_sessions_of_a_former_stamp_go_and_living_ones_stay(alice):
    here, _there = sign_in(alice), sign_in(alice)
    here.post("/app/settings/password", {"password": PASSWORD, "new_password": "another good sentence"})
    assert Session.objects.count() == 2

    call_command("run_due_work")

    assert Session.objects.count() == 1
    assert here.get("/app/settings/profile").status_code == 200
