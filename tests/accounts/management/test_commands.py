"""What is done on the server's command line."""

import re
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
from tests.accounts.management.commands import create_superuser, manage, run
from tests.support import environment
from tests.support.mails import subjects
from tests.support.people import PASSWORD, enrol, make_user, post_password, sign_in
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


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

    _nothing, said = run.communicate(timeout=60)
    assert run.returncode == 0
    assert said.count(b"\n") == 1, said
    assert said.endswith(b" starts\n"), "a service says which release it is, and else only what is wrong"


# ---------------------------------------------------------------- what is typed


@pytest.mark.parametrize("command", [["changepassword", "alice"], ["createsuperuser"]])
def test_sf2_nothing_to_read_from_is_said(alice, command):
    run = manage(*command, stdin=subprocess.DEVNULL, start_new_session=True)

    assert run.returncode == 1
    assert b"typed" in run.stderr
    assert b"Traceback" not in run.stderr


# ---------------------------------------------------------------- accounts and rights


def test_sf3_createsuperuser_is_told_to_all_superusers(monkeypatch, mailoutbox):
    make_user("first", is_staff=True, is_superuser=True)

    create_superuser(monkeypatch)
    run("run_due_work")

    for name in ("first", "root"):
        assert subjects(mailoutbox, f"{name}@example.com") == ["root: new superuser"]
    assert "a server administrator" in mailoutbox[0].body


def test_sf3_an_account_is_deactivated_and_activated_on_the_server(alice, mailoutbox):
    make_user("root", is_staff=True, is_superuser=True)
    client = sign_in(alice)
    mailoutbox.clear()

    assert run("deactivate_user", "alice", "--reason", "left") == "alice is deactivated.\n"
    assert client.get("/app/settings/profile").status_code == 302
    assert run("deactivate_user", "alice", "--reason", "left") == "alice is already deactivated.\n"
    assert run("reactivate_user", "alice", "--reason", "is back") == "alice is active again.\n"
    assert post_password(Client(), alice).status_code == 302

    run("run_due_work")
    events = AuditEvent.objects.filter(subject="user:alice", door="command").order_by("pk")
    assert list(events.values_list("event", "data__reason")) == [
        ("account.deactivated", "left"),
        ("account.reactivated", "is back"),
    ]
    assert len(subjects(mailoutbox, "root@example.com")) == 2
    assert subjects(mailoutbox, alice.email)[:2] == [
        "Your account was deactivated",
        "Your account is active again",
    ]


def test_sf3_a_site_without_a_superuser_gets_one_on_the_server(alice, mailoutbox):
    assert "Superuser" in run("change_rights", "alice", "--superuser", "--reason", "root is away")

    run("run_due_work")
    alice.refresh_from_db()
    assert (alice.is_staff, alice.is_superuser) == (True, True)
    assert subjects(mailoutbox, alice.email) == [
        "Your rights on the admin site were changed",
        "alice: rights changed",
    ]

    make_user("root", is_staff=True, is_superuser=True)
    run("change_rights", "alice", "--staff", "--may", "accounts.view_user", "--reason", "root is back")
    row = User.objects.get(pk=alice.pk)
    assert (row.is_superuser, row.has_perm("accounts.view_user")) == (False, True)
    assert not row.has_perm("accounts.change_user")


@pytest.mark.parametrize(
    "arguments",
    [
        ["deactivate_user", "nobody", "--reason", "x"],
        ["deactivate_user", "alice", "--reason", " "],
        ["deactivate_user", "alice"],
        ["reactivate_user", "alice", "--reason", "\udcff"],
        ["change_rights", "alice", "--reason", "x"],
        ["change_rights", "alice", "--staff", "--superuser", "--reason", "x"],
        ["change_rights", "alice", "--staff", "--may", "accounts.delete_user", "--reason", "x"],
        ["change_rights", "alice", "--none", "--may", "accounts.view_user", "--reason", "x"],
        ["change_rights", "alice", "--superuser", "--reason", "x" * 201],
        ["change_rights", "nobody", "--superuser", "--reason", "x"],
    ],
)
def test_sf3_commands_say_what_is_wrong_and_change_nothing(alice, arguments):
    with pytest.raises(CommandError):
        run(*arguments)

    alice.refresh_from_db()
    assert (alice.is_active, alice.is_staff, alice.is_superuser) == (True, False, False)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "arguments", [["deactivate_user"], ["change_rights", "--none"], ["change_rights", "--staff"]]
)
def test_ad_13_sf3_the_last_active_superuser_stays(arguments):
    root = make_user("root", is_staff=True, is_superuser=True)
    make_user("gone", is_staff=True, is_superuser=True, is_active=False)
    name, *options = arguments

    with pytest.raises(CommandError, match="only active superuser"):
        run(name, "root", *options, "--reason", "x")

    root.refresh_from_db()
    assert (root.is_active, root.is_superuser) == (True, True)
    run("change_rights", "gone", "--none", "--reason", "is deactivated, so it does not count")


@pytest.mark.races
def test_sf3_of_two_superusers_who_are_demoted_at_once_one_remains(transactional_db):
    for name in ("root", "other-root"):
        make_user(name, is_staff=True, is_superuser=True)
    variables = environment.environment | {"DATABASE_URL": environment.test_database_url()}
    command = [sys.executable, str(environment.ROOT / "manage.py")]
    tasks = [["change_rights", "root", "--none"], ["deactivate_user", "other-root"]]

    runs = [
        subprocess.Popen([*command, *task, "--reason", "x"], env=variables, stderr=subprocess.DEVNULL)
        for task in tasks
    ]

    assert sorted(run.wait(timeout=120) for run in runs) == [0, 1]
    assert User.objects.filter(is_superuser=True, is_active=True).count() == 1


@pytest.mark.parametrize("command", [("migrate",), ("check", "--database", "default")])
def test_of12_without_a_database_commands_say_so_in_one_sentence(command):
    variables = environment.environment | {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}
    run = subprocess.run(
        [sys.executable, str(environment.ROOT / "manage.py"), *command],
        env=variables, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert re.search(r"The database does not answer \(.+\)\. Check that DATABASE_URL", run.stderr)
