"""Each step of `run_due_work` by itself: one that fails keeps no other from its turn (D17, SF12)."""

import signal
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts import crypto, outbox
from accounts.audit import Actor
from accounts.factors.totp.models import TOTPDevice
from accounts.management import due_work
from accounts.models import ApiToken, OutboxMessage, RateLimit, User, hash_of_token
from accounts.outbox import delivery, queue
from accounts.outbox.queue import ATTEMPTS_AT_BROKEN, SEALING_CONTEXT
from accounts.tokens import expiry
from tests.support import environment
from tests.support.mails import send_by
from tests.support.organizations import found
from tests.support.people import make_user
from tests.support.waiting import wait_until
from tfc_auth.logs import LineFormatter

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "alice@example.com has a secret"
COMMAND = [sys.executable, "-u", str(environment.ROOT / "manage.py"), "run_due_work"]


def run_due_work():
    output = StringIO()
    call_command("run_due_work", stdout=output, verbosity=2)
    return output.getvalue()


def fails():
    raise ValueError(SECRET)


def write_mails(user, count=1):
    """Rows that are due, as a request leaves them."""
    with outbox.left_for_later():
        for _ in range(count):
            outbox.notify(user, "account_deactivated", actor=Actor.command(), reason="x")
    return list(OutboxMessage.objects.order_by("-pk")[:count])


def write_message(content="x", **fields):
    later = timezone.now() + timedelta(days=1)
    return OutboxMessage.objects.create(
        **({"sealed": crypto.seal(content, SEALING_CONTEXT), "expires_at": later} | fields)
    )


def over(key):
    RateLimit.objects.create(key=key, count=1, resets_at=timezone.now() - timedelta(hours=1))


# ---------------------------------------------------------------- steps


@pytest.mark.parametrize("name", due_work.STEPS)
def test_sf12_due_work_every_step_runs_though_another_one_fails(alice, mailoutbox, monkeypatch, caplog, name):
    done = []
    for other in due_work.STEPS:
        work = fails if other == name else lambda other=other: done.append(other)
        monkeypatch.setitem(due_work.steps, other, due_work.Step(work, due_work.steps[other].before_sending))

    with pytest.raises(CommandError, match=f"^Failed: {name}"):
        run_due_work()

    assert sorted([*done, name]) == sorted(due_work.STEPS)
    [row] = [row for row in caplog.records if row.levelname == "ERROR"]
    assert f"The step '{name}' of run_due_work failed." in row.getMessage()


def test_sf12_due_work_an_error_is_logged_with_its_place_and_causes_and_without_its_words(
    monkeypatch, caplog
):
    def fails_twice():
        try:
            fails()
        except ValueError as error:
            raise ExceptionGroup("of " + SECRET, [KeyError(SECRET)]) from error

    monkeypatch.setitem(due_work.steps, "it", due_work.Step(fails_twice))

    with pytest.raises(CommandError):
        run_due_work()

    [row] = [row for row in caplog.records if row.levelname == "ERROR"]
    row.request_id = "-"
    text = LineFormatter().format(row)
    assert "in fails_twice\n" in text
    assert "in fails\n" in text
    assert all(name in text for name in ["Told: ValueError", "Told: KeyError", "ExceptionGroup"])
    assert SECRET not in text + caplog.text


def test_sf12_due_work_what_another_application_adds_runs_and_may_write_mails(alice, mailoutbox, monkeypatch):
    def remind():
        write_mails(alice, 2)
        return 2

    monkeypatch.setitem(due_work.steps, "reminders written", due_work.Step(remind, before_sending=True))

    output = run_due_work()

    assert "2 reminders written" in output
    assert "2 sent" in output
    assert len(mailoutbox) == 2


def test_sf12_due_work_a_step_that_breaks_the_connection_keeps_no_other_from_its_turn(monkeypatch):
    def breaks():
        connection.connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    over("x")
    first = {"first": due_work.Step(breaks, before_sending=True), **due_work.steps}
    monkeypatch.setattr(due_work, "steps", first)

    with pytest.raises(CommandError, match=r"^Failed: first\."):
        run_due_work()

    assert not RateLimit.objects.exists()


def test_sf12_due_work_exit_codes_and_the_loop_goes_on(tmp_path):
    """A table that is missing fails some steps; cron mails that, and --loop tries again."""
    over("one")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_rememberedbrowser RENAME TO accounts_elsewhere")
    variables = environment.environment | {"DATABASE_URL": environment.test_database_url()}
    try:
        once = subprocess.run(COMMAND, env=variables, capture_output=True, text=True, timeout=60)
        assert once.returncode == 1
        assert "Failed: remembered browsers deleted. The log says why." in once.stderr
        assert not RateLimit.objects.exists()

        loop = subprocess.Popen([*COMMAND, "--loop", "0.1"], env=variables, stderr=subprocess.PIPE)
        for key in ["two", "three"]:
            over(key)
            wait_until(lambda: not RateLimit.objects.exists() or loop.poll() is not None)
            assert loop.poll() is None
        loop.send_signal(signal.SIGTERM)
        loop.communicate(timeout=60)
        assert loop.returncode == 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_elsewhere RENAME TO accounts_rememberedbrowser")


def test_sf12_due_work_without_a_database_says_so_once(tmp_path):
    gone = f"sqlite:///{tmp_path}"
    variables = environment.environment | {"DATABASE_URL": gone}

    run = subprocess.run(COMMAND, env=variables, capture_output=True, text=True, timeout=60)

    assert run.returncode == 1
    assert "The database does not answer: OperationalError: unable to open" in run.stderr
    assert "Traceback" not in run.stderr


# ---------------------------------------------------------------- mails that are broken


BROKEN = {
    "garbled": {"sealed": "x"},
    "of-another-row": {"sealed": crypto.seal("{}", "another context")},
    "not-json": {"content": "nonsense"},
    "not-a-mail": {"content": '{"address": "a@b.example"}'},
    "no-carrier": {"kind": "pigeon"},
    "no-audience": {"audience": "nobody", "content": "{}"},
    "no-template": {"audience": "owners", "content": '{"name": "no_such_mail", "context": {}}', "key": "KEY"},
    "key-of-nothing": {"audience": "owners", "content": "{}", "key": "not a number"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_sf12_due_work_a_broken_message_stops_no_other_and_is_given_up(alice, mailoutbox, caplog, name):
    fields = dict(BROKEN[name])
    if fields.get("key") == "KEY":
        fields["key"] = str(found("acme", alice).pk)
        OutboxMessage.objects.all().delete()
        mailoutbox.clear()
    rows = [write_message(**fields) for _ in range(delivery.FAILURES_IN_A_ROW + 2)]
    write_mails(alice, 2)

    run_due_work()

    assert len(mailoutbox) == 2
    waiting = OutboxMessage.objects.filter(pk__in=[row.pk for row in rows])
    assert {row.attempts for row in waiting} == {1}
    assert all(row.due_at > timezone.now() for row in waiting)
    later = timezone.now()
    for _ in range(ATTEMPTS_AT_BROKEN + 1):
        later += timedelta(hours=1, minutes=1)
        with time_machine.travel(later):
            run_due_work()
    may_open_later = name in ("garbled", "of-another-row")
    left = OutboxMessage.objects.filter(pk__in=[row.pk for row in rows], expires_at__gt=later)
    assert left.exists() is may_open_later
    assert ("is given up" in caplog.text) is not may_open_later


def test_sf12_due_work_a_message_that_something_has_emptied_is_over(alice, mailoutbox):
    """As those that were sent or given up: nothing is left to be sent, and doctor says so."""
    row = write_message(sealed="")
    write_mails(alice)

    run_due_work()

    assert len(mailoutbox) == 1
    row.refresh_from_db()
    assert (row.attempts, row.sent_at) == (0, None)


def test_sf12_due_work_a_mail_whose_key_comes_back_is_sent(alice, mailoutbox, settings):
    write_mails(alice)
    keys = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = ["another-key-than-the-one-that-was-lost-0123456789"]
    later = timezone.now()
    for _ in range(ATTEMPTS_AT_BROKEN + 2):
        later += timedelta(hours=1, minutes=1)
        with time_machine.travel(later):
            run_due_work()
    settings.ENCRYPTION_KEYS = keys

    with time_machine.travel(later + timedelta(hours=1, minutes=1)):
        run_due_work()

    assert [mail.to for mail in mailoutbox] == [[alice.email]]


def test_sf12_due_work_what_expires_unsent_is_logged(caplog):
    write_message(expires_at=timezone.now() - timedelta(minutes=1))

    run_due_work()

    assert "1 messages could not be sent in time, and are given up" in caplog.text
    assert OutboxMessage.objects.get().sealed == ""


def test_sf12_due_work_a_mail_about_a_token_that_cannot_be_written_keeps_no_other(
    alice, bob, mailoutbox, monkeypatch, caplog
):
    soon = timezone.now() + timedelta(days=5)
    for user in (alice, bob):
        ApiToken.objects.create(
            owner=user, token_hash=hash_of_token(user.username), expires_at=soon,
            created_at=timezone.now() - timedelta(days=60), description=user.username,
        )  # fmt: skip
    original = expiry.kinds["user"]

    def tell(token):
        if token.owner == alice:
            fails()
        original.tell(token)

    monkeypatch.setitem(expiry.kinds, "user", expiry.Kind(original.model, original.tokens, tell))
    over("x")

    with pytest.raises(CommandError, match="Failed: mails about tokens that expire soon"):
        run_due_work()
    assert [mail.to for mail in mailoutbox] == [[bob.email]]
    assert not RateLimit.objects.exists()
    assert SECRET not in caplog.text

    monkeypatch.setitem(expiry.kinds, "user", original)
    run_due_work()
    assert [mail.to for mail in mailoutbox] == [[bob.email], [alice.email]]


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize("column", ["due_at", "claimed_until"])
def test_d43_a_time_that_was_written_while_the_clock_was_ahead_holds_no_mail_up(alice, mailoutbox, column):
    write_mails(alice)
    OutboxMessage.objects.update(**{column: timezone.now() + timedelta(days=1)})

    run_due_work()

    assert len(mailoutbox) == 1


def test_d43_a_claim_and_a_wait_of_now_hold_although_clocks_differ_a_little(alice, mailoutbox):
    for column, time in {"claimed_until": queue.CLAIM, "due_at": queue.LONGEST_WAIT}.items():
        write_mails(alice)
        ahead = timezone.now() + time + timedelta(seconds=30)
        OutboxMessage.objects.filter(sent_at=None).update(**{column: ahead})

    run_due_work()

    assert mailoutbox == []


@pytest.mark.parametrize("days", [1, 400])
def test_d43_a_mail_that_was_written_while_the_clock_was_ahead_leaves_at_once(alice, mailoutbox, days):
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        write_mails(alice)

    run_due_work()

    assert len(mailoutbox) == 1


def test_d43_a_mail_that_never_leaves_is_given_up_whatever_its_stored_end_is(alice, caplog):
    row = write_message(sealed="x", expires_at=timezone.now() + timedelta(days=400))
    OutboxMessage.objects.update(attempts=queue.MOST_ATTEMPTS - 1)

    run_due_work()

    row.refresh_from_db()
    assert row.expires_at <= timezone.now()
    assert f"Message {row.pk} is given up" in caplog.text


@pytest.mark.parametrize("days", [-20_000, -1])
def test_d43_a_clock_that_is_behind_for_a_while_loses_no_mail(alice, mailoutbox, settings, days):
    write_mails(alice)
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        send_by("tests.accounts.outbox.test_delivery.Broken", settings)
        run_due_work()
    send_by("django.core.mail.backends.locmem.EmailBackend", settings)

    run_due_work()

    assert len(mailoutbox) == 1


def test_d43_an_unfinished_set_up_of_the_future_goes(alice):
    TOTPDevice.objects.create(user=alice, confirmed=False, created_at=timezone.now() + timedelta(days=1))

    run_due_work()

    assert not TOTPDevice.objects.exists()


def test_sf12_due_work_one_reader_whose_mail_cannot_be_written_keeps_no_other_reader(
    mailoutbox, monkeypatch, caplog
):
    people = [make_user(f"user{number}") for number in range(5)]
    gone = people.pop(1)
    User.objects.filter(pk=gone.pk).delete()
    del gone.email  # so that it would have to be read again
    readers = [people[0], gone, *people[1:]]
    monkeypatch.setitem(delivery.audiences, "everybody", lambda key, after, limit: readers)
    with outbox.left_for_later():
        news = {"audience": "everybody", "key": "", "organization_name": "x"}
        outbox.broadcast("organization_lifted_two_factor", **news)

    run_due_work()

    assert [mail.to for mail in mailoutbox] == [[user.email] for user in people]
    assert f"can't be written to user {gone.pk}, who does not get it: DoesNotExist" in caplog.text
