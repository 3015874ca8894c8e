"""What is done on the server's command line."""

import signal
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, RateLimit, User
from tests.support import environment
from tests.support.mails import subjects
from tests.support.people import PASSWORD, enrol, make_user, post_password, sign_in
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def create_superuser(monkeypatch, username="root", email="root@example.com", password=PASSWORD):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    call_command("createsuperuser", username=username, email=email, noinput=True, stdout=StringIO())


def disable(username, *arguments):
    call_command("disable_two_factor", username, *arguments, stdout=StringIO())


def test_createsuperuser_counts_the_address_as_confirmed(monkeypatch):
    create_superuser(monkeypatch)

    root = User.objects.get()
    assert (root.is_staff, root.is_superuser, root.email_confirmed) == (True, True, True)
    assert post_password(Client(), root).status_code == 302
    assert AuditEvent.objects.get(event="account.created").door == "command"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "Alice"),
        ("username", "a@b"),
        ("email", "ALICE@example.com"),
        ("email", "nonsense"),
        ("password", "too short"),
    ],
)
def test_createsuperuser_says_what_is_wrong(monkeypatch, field, value):
    make_user("alice")

    with pytest.raises(CommandError):
        create_superuser(monkeypatch, **{field: value})

    assert User.objects.count() == 1


def test_createsuperuser_asks_for_what_is_not_given(monkeypatch):
    answers = iter(["root", "root@example.com"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda question: PASSWORD)

    call_command("createsuperuser", stdout=StringIO())

    assert User.objects.get().is_superuser


def test_disable_two_factor_removes_it_with_a_reason(alice, mailoutbox):
    enrol(alice)

    disable("alice", "--reason", "identity checked by video call")

    alice.refresh_from_db()
    assert not alice.is_enrolled
    event = AuditEvent.objects.get(event="two_factor.disabled")
    assert (event.actor, event.data["forced"]) == ("command", False)
    assert subjects(mailoutbox, alice.email)[-1] == "Two-factor authentication was removed"


@pytest.mark.parametrize("arguments", [["nobody", "--reason", "x"], ["alice"], ["alice", "--reason", " "]])
def test_disable_two_factor_needs_a_user_and_a_reason(alice, arguments):
    enrol(alice)

    with pytest.raises(CommandError):
        disable(*arguments)

    alice.refresh_from_db()
    assert alice.is_enrolled


def test_only_break_glass_leaves_a_mandatory_organization_an_owner_without(alice):
    client = sign_in(alice, enrol(alice))
    client.post("/app/organizations/new", {"name": "fort", "email": "fort@example.com"})
    client.post("/app/fort/settings/authentication/require-two-factor")

    with pytest.raises(CommandError, match="fort"):
        disable("alice", "--reason", "lost")
    disable("alice", "--reason", "lost", "--break-glass")

    assert AuditEvent.objects.get(event="two_factor.disabled").data["forced"] is True
    assert sign_in(alice).get("/app/fort")["Location"].startswith("/app/fort/locked-out")


def test_run_due_work_stops_when_told_to(transactional_db):
    command = [sys.executable, "-u", str(environment.ROOT / "manage.py"), "run_due_work", "--loop", "0.1"]
    variables = environment.environment | {"DATABASE_URL": environment.test_database_url()}
    RateLimit.objects.create(key="over", count=1, resets_at=timezone.now() - timedelta(hours=1))
    run = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE)
    # It is at work once this is tidied away, however slow the machine.
    wait_until(lambda: not RateLimit.objects.exists() or run.poll() is not None)
    assert run.poll() is None

    run.send_signal(signal.SIGTERM)

    assert run.wait(timeout=60) == 0
    assert run.stderr.read() == b""
    run.stderr.close()
