"""The database itself keeps audit events: nobody changes them, and nobody deletes them early."""

import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.audit import Actor, Event, record, retention
from accounts.database import append_only
from accounts.models import AuditEvent, AuditRetention
from tests.support import environment
from tests.support.lines import kept_lines, lines_in
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

SERVER = Actor.command()
POSTGRESQL = environment.KIND == "postgresql"


def write_events(*ages):
    """Write one event of each of these ages in days, as if it had been recorded then."""
    now = timezone.now()
    rows = [
        AuditEvent(
            event="login.succeeded", actor="user:old", door="html", created_at=now - timedelta(days=age)
        )
        for age in ages
    ]
    return AuditEvent.objects.bulk_create(rows)


def ages():
    now = timezone.now()
    rows = AuditEvent.objects.filter(actor="user:old").order_by("pk")
    return [(now - event.created_at).days for event in rows]


def run_due_work():
    output = StringIO()
    call_command("run_due_work", stdout=output, verbosity=2)
    return output.getvalue()


def execute(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# ---------------------------------------------------------------- changing and deleting


CHANGES = {
    "update": "UPDATE accounts_auditevent SET subject = 'user:nobody'",
    "same-value": "UPDATE accounts_auditevent SET event = event",
    "time": "UPDATE accounts_auditevent SET created_at = '2001-01-01'",
    "delete": "DELETE FROM accounts_auditevent",
    "upsert": (
        "INSERT INTO accounts_auditevent (id, event, actor, subject, user_agent, door, request_id, data, "
        "created_at) SELECT id, event, 'x', subject, user_agent, door, request_id, data, created_at "
        "FROM accounts_auditevent WHERE true ON CONFLICT (id) DO UPDATE SET actor = excluded.actor"
    ),
}
OF_SQLITE = {
    "replace": (
        "INSERT OR REPLACE INTO accounts_auditevent SELECT id, event, 'user:mallory', subject, user_id, ip, "
        "user_agent, door, request_id, data, created_at FROM accounts_auditevent"
    ),
    "update-or-replace": "UPDATE OR REPLACE accounts_auditevent SET actor = 'x'",
}
OF_POSTGRESQL = {
    "truncate": "TRUNCATE accounts_auditevent",
    "cascade": "TRUNCATE accounts_user CASCADE; TRUNCATE accounts_auditevent RESTART IDENTITY",
    "shadow": (
        "CREATE TEMPORARY TABLE accounts_auditretention (days integer); "
        "INSERT INTO accounts_auditretention VALUES (30); DELETE FROM accounts_auditevent"
    ),
    "merge": (
        "MERGE INTO accounts_auditevent e USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE"
        if POSTGRESQL
        else ""
    ),
}


@pytest.mark.parametrize("name", [*CHANGES, *(OF_POSTGRESQL if POSTGRESQL else OF_SQLITE)])
def test_sf11_the_database_refuses_to_change_or_delete_events(name):
    write_events(0, 29, 400)
    before = list(AuditEvent.objects.order_by("pk").values())

    with pytest.raises(IntegrityError, match=append_only.REFUSED):
        execute((CHANGES | OF_POSTGRESQL | OF_SQLITE)[name])

    assert list(AuditEvent.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("way", ["update", "delete", "raw-delete", "bulk-update", "save", "bulk-create"])
def test_sf11_django_has_no_way_around_it(way):
    [event] = write_events(0)
    rows = AuditEvent.objects.filter(pk=event.pk)
    event.subject = "user:nobody"

    with pytest.raises((IntegrityError, TypeError)):
        {
            "update": lambda: rows.update(actor="x"),
            "delete": rows.delete,
            "raw-delete": lambda: rows._raw_delete("default"),
            "bulk-update": lambda: AuditEvent.objects.bulk_update([event], ["subject"]),
            "save": event.save,
            "bulk-create": lambda: AuditEvent.objects.bulk_create(
                [event], update_conflicts=True, unique_fields=["id"], update_fields=["subject"]
            ),
        }[way]()

    assert rows.get().subject == ""


def test_sf11_the_whole_database_cannot_be_flushed():
    write_events(0)

    with pytest.raises(CommandError):
        call_command("flush", interactive=False, stdout=StringIO())

    assert ages() == [0]


def test_sf11_deleting_an_account_leaves_its_events(alice):
    sign_in(alice)
    events = list(AuditEvent.objects.filter(user_id=alice.pk).order_by("pk"))

    alice.delete()

    assert list(AuditEvent.objects.filter(user_id=events[0].user_id).order_by("pk")) == events


# ---------------------------------------------------------------- retention


@pytest.mark.parametrize("days", [0, 1, 29, -30])
def test_sf11_the_database_refuses_a_shorter_retention_than_30_days(days):
    with pytest.raises(Error):
        retention.keep_for(days, actor=SERVER)
    AuditRetention.objects.create(days=30)
    with pytest.raises(Error):
        AuditRetention.objects.update(days=days)
    with pytest.raises(Error):
        AuditRetention.objects.create(pk=2, days=days)

    assert retention.stored_days() == 30


def test_sf11_only_what_is_older_than_the_stored_retention_can_be_deleted():
    write_events(0, 29, 31, 59, 61, 400)
    retention.keep_for(60, actor=SERVER)

    with pytest.raises(IntegrityError):
        AuditEvent.objects.filter(actor="user:old").delete()
    with pytest.raises(IntegrityError):
        AuditEvent.objects.filter(created_at__lt=timezone.now() - timedelta(days=58)).delete()
    AuditEvent.objects.filter(created_at__lt=timezone.now() - timedelta(days=60)).delete()

    assert ages() == [0, 29, 31, 59]


def test_sf11_a_stored_number_below_30_opens_nothing_even_where_it_could_be_written():
    write_events(0, 20, 400)
    AuditRetention.objects.create(days=30)

    with transaction.atomic():
        if POSTGRESQL:
            execute("ALTER TABLE accounts_auditretention DROP CONSTRAINT audit_retention_long_enough")
        else:
            execute("PRAGMA ignore_check_constraints = 1")
        execute("UPDATE accounts_auditretention SET days = 1")
        if not POSTGRESQL:
            execute("PRAGMA ignore_check_constraints = 0")
        with pytest.raises(IntegrityError, match=append_only.REFUSED):
            AuditEvent.objects.filter(created_at__lt=timezone.now() - timedelta(days=10)).delete()
        transaction.set_rollback(True)

    assert ages() == [0, 20, 400]


def test_sf11_nothing_is_deleted_without_a_retention():
    write_events(0, 40, 4000)

    run_due_work()

    assert ages() == [0, 40, 4000]
    assert not AuditEvent.objects.filter(event__startswith="audit.").exists()


def test_sf11_due_work_stores_the_setting_deletes_in_batches_and_records_both(settings, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 4)
    settings.AUDIT_RETENTION_DAYS = 90
    write_events(*range(85, 101), 0)

    output = run_due_work()

    assert ages() == [*range(85, 90), 0] or ages() == [*range(85, 91), 0]
    changed = AuditEvent.objects.get(event=Event.AUDIT_RETENTION_CHANGED)
    assert (changed.door, changed.data) == ("command", {"before": None, "after": 90})
    purges = AuditEvent.objects.filter(event=Event.AUDIT_EVENTS_PURGED)
    numbers = [purge.data["number"] for purge in purges]
    assert sum(numbers) == 17 - len(ages())
    assert max(numbers) == 4
    assert all(purge.data["before"] < timezone.now().isoformat() for purge in purges)
    assert f"{sum(numbers)} audit events deleted" in output


def test_sf11_a_purge_waits_for_a_day_of_events_so_that_it_is_recorded_once_a_day(settings):
    settings.AUDIT_RETENTION_DAYS = 30
    write_events(30.5)

    run_due_work()
    assert ages() == [30]
    write_events(32)
    run_due_work()
    run_due_work()

    assert ages() == []
    assert AuditEvent.objects.filter(event=Event.AUDIT_EVENTS_PURGED).count() == 1


def test_sf11_a_purge_that_is_killed_is_recorded_as_far_as_it_came_and_goes_on(settings, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    retention.keep_for(30, actor=SERVER)
    write_events(*range(40, 50))

    retention.purge_batch(timezone.now() - timedelta(days=31), actor=SERVER)  # then it is killed
    with transaction.atomic():
        retention.purge_batch(timezone.now() - timedelta(days=31), actor=SERVER)
        transaction.set_rollback(True)  # killed before the commit
    assert len(ages()) == 7
    settings.AUDIT_RETENTION_DAYS = 30
    run_due_work()

    purges = AuditEvent.objects.filter(event=Event.AUDIT_EVENTS_PURGED)
    assert ages() == []
    assert sum(purge.data["number"] for purge in purges) == 10


def test_sf11_two_runs_at_once_delete_and_record_each_event_once(settings):
    write_events(*range(40, 140))
    command = [sys.executable, str(environment.ROOT / "manage.py"), "run_due_work"]
    variables = environment.environment | {"DATABASE_URL": environment.test_database_url()}
    runs = [
        subprocess.Popen(command, env=variables | {"AUDIT_RETENTION_DAYS": "35"}, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for run in runs:
        _, errors = run.communicate(timeout=60)
        assert run.returncode == 0, errors

    purges = AuditEvent.objects.filter(event=Event.AUDIT_EVENTS_PURGED)
    assert ages() == []
    assert sum(purge.data["number"] for purge in purges) == 100
    assert AuditEvent.objects.filter(event=Event.AUDIT_RETENTION_CHANGED).count() == 1


def test_sf11_a_setting_that_is_taken_back_is_recorded_and_keeps_everything(settings):
    retention.keep_for(30, actor=SERVER)
    write_events(100)
    settings.AUDIT_RETENTION_DAYS = None

    run_due_work()

    assert ages() == [100]
    assert AuditEvent.objects.latest("pk").data == {"before": 30, "after": None}


# ---------------------------------------------------------------- triggers that are gone


def lose(name):
    execute(f"DROP TRIGGER {name}" + (" ON accounts_auditevent" if POSTGRESQL else ""))


TRIGGERS = sorted(append_only.POSTGRESQL if POSTGRESQL else append_only.SQLITE)


@pytest.fixture
def afterwards_protected(transactional_db):
    yield
    append_only.install(connection)
    assert append_only.missing(connection) == []


@pytest.mark.parametrize("name", TRIGGERS)
def test_sf11_doctor_names_a_trigger_that_is_gone_and_puts_it_back_when_asked(afterwards_protected, name):
    lose(name)
    output = StringIO()

    with pytest.raises(SystemExit):
        call_command("doctor", stdout=output)
    assert f"the trigger {name} on accounts_auditevent is missing" in output.getvalue()
    call_command("doctor", "--reconcile", stdout=output)

    assert "corrected: audit events are protected: 1" in output.getvalue()
    assert AuditEvent.objects.get(event=Event.AUDIT_TRIGGERS_RESTORED).data["triggers"] == [name]
    write_events(0)
    with pytest.raises(IntegrityError):
        AuditEvent.objects.update(actor="x")


STAY = "CREATE OR REPLACE TRIGGER audit_events_stay"
GUARD = "EXECUTE FUNCTION accounts_auditevent_guard()"
EACH = "ON accounts_auditevent FOR EACH ROW"
HOLLOW_IN_POSTGRESQL = {
    "another-condition": [f"{STAY} BEFORE UPDATE OR DELETE {EACH} WHEN (OLD.event = 'x') {GUARD}"],
    "other-columns": [f"{STAY} BEFORE UPDATE OF door OR DELETE {EACH} {GUARD}"],
    "disabled": ["ALTER TABLE accounts_auditevent DISABLE TRIGGER audit_events_stay"],
    "hollow-function": [
        """CREATE OR REPLACE FUNCTION accounts_auditevent_guard() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RETURN coalesce(NEW, OLD); END'"""
    ],
}
HOLLOW_IN_SQLITE = {
    "another-condition": [
        "DROP TRIGGER audit_events_stay_as_they_are",
        """CREATE TRIGGER audit_events_stay_as_they_are BEFORE UPDATE ON accounts_auditevent
        WHEN OLD.event = 'x' BEGIN SELECT RAISE(ABORT, 'no'); END""",
    ],
    "harmless": [
        "DROP TRIGGER audit_events_stay",
        "CREATE TRIGGER audit_events_stay BEFORE DELETE ON accounts_auditevent BEGIN SELECT 1; END",
    ],
}
HOLLOW = HOLLOW_IN_POSTGRESQL if POSTGRESQL else HOLLOW_IN_SQLITE


@pytest.mark.parametrize("name", HOLLOW)
def test_sf11_doctor_tries_the_triggers_and_migrate_mends_them(afterwards_protected, name):
    for statement in HOLLOW[name]:
        execute(statement)
    output = StringIO()

    with pytest.raises(SystemExit):
        call_command("doctor", stdout=output)
    events = AuditEvent.objects.count()
    call_command("migrate", stdout=StringIO())

    assert "WRONG: audit events are protected" in output.getvalue()
    assert "the database lets an audit event be" in output.getvalue()
    assert append_only.missing(connection) == []
    assert AuditEvent.objects.count() == events == 0  # what doctor tried is undone


def test_sf11_migrate_puts_back_what_a_rebuilt_table_has_lost(afterwards_protected):
    """SQLite rebuilds a table to change a column, and its triggers are gone."""
    field = AuditEvent._meta.get_field("door")
    longer = field.clone()
    longer.max_length = 20
    longer.set_attributes_from_name("door")
    with connection.schema_editor() as editor:
        editor.alter_field(AuditEvent, field, longer)
    with connection.schema_editor() as editor:
        editor.alter_field(AuditEvent, longer, field)
    assert bool(append_only.missing(connection)) is not POSTGRESQL

    call_command("migrate", stdout=StringIO())

    assert append_only.missing(connection) == []


def test_sf11_the_migration_can_be_taken_back_and_applied_again(afterwards_protected):
    write_events(0)
    try:
        call_command("migrate", "accounts", "0004", stdout=StringIO())
        AuditEvent.objects.update(actor="user:old")
    finally:
        call_command("migrate", stdout=StringIO())

    with pytest.raises(IntegrityError):
        AuditEvent.objects.update(actor="x")


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM accounts_auditevent", "ALTER TABLE accounts_auditevent DISABLE TRIGGER ALL"],
)
def test_sf11_a_role_that_owns_nothing_cannot_take_the_triggers_off(statement):
    if not POSTGRESQL:
        return  # SQLite has no roles
    write_events(0)

    with transaction.atomic():
        execute("CREATE ROLE runs_only; GRANT ALL ON ALL TABLES IN SCHEMA public TO runs_only")
        with pytest.raises(Error, match=f"{append_only.REFUSED}|must be owner"):
            execute(f"SET LOCAL ROLE runs_only; {statement}")
        transaction.set_rollback(True)


# ---------------------------------------------------------------- the log


def test_sf11_of12_each_event_is_one_line_of_json_with_its_number(alice):
    note = 'a "quote"\u2028 and a\rbreak \x1b[2J'
    with kept_lines() as kept:
        record(Event.LOGOUT, actor=SERVER, subject="user:al\nice", user=alice, note=note)

    [text] = kept.texts
    assert text.isascii()
    assert text.isprintable()
    event = AuditEvent.objects.get()
    assert kept.events == [
        {
            "time": event.created_at.isoformat(),
            "logger": "tfc_auth.audit",
            "id": event.pk,
            "event": "login.ended",
            "outcome": "success",
            "actor": "command",
            "subject": "user:al\nice",
            "user_id": alice.pk,
            "address": None,
            "user_agent": "",
            "door": "command",
            "request_id": "",
            "data": {"note": note},
        }
    ]


def test_sf11_what_is_rolled_back_is_not_logged_and_what_waits_is_logged_after_the_commit():
    with kept_lines() as kept:
        with transaction.atomic():
            record(Event.LOGOUT, actor=SERVER, subject="user:undone")
            transaction.set_rollback(True)
        with transaction.atomic():
            record(Event.LOGOUT, actor=SERVER, subject="user:done")
            assert kept.texts == []

    assert [line["subject"] for line in kept.events] == ["user:done"]


@pytest.mark.parametrize(
    "number",
    ["+12025550143", "+1 202 555-0143", "+44 (0) 20 7946 0943", "0044 20 7946 0943", "+49/30/901820943"],
)
def test_of12_a_line_has_no_full_number_even_if_somebody_typed_it_into_a_reason(number):
    with kept_lines() as kept:
        record(
            Event.LOGOUT, actor=SERVER, subject="site", reason=f"lost {number}, he says", old=[{"x": number}]
        )

    [line] = kept.events
    assert line["data"] == {"reason": "lost ••43, he says", "old": [{"x": "••43"}]}


@pytest.mark.parametrize(
    "text", ["2026-11-28T14:02:31.566238+00:00", "a+123456789@example.com", "100200300400"]
)
def test_of12_what_is_no_number_stays(text):
    with kept_lines() as kept:
        record(Event.LOGOUT, actor=SERVER, subject="site", reason=text)

    assert kept.events[0]["data"] == {"reason": text}


def test_of12_what_was_missed_can_be_had_again_by_its_number():
    with kept_lines() as kept:
        for name in ("first", "second", "third"):
            record(Event.LOGOUT, actor=SERVER, subject=f"user:{name}")
    output = StringIO()

    call_command("audit_lines", after=kept.events[0]["id"], stdout=output)

    assert output.getvalue().splitlines() == kept.texts[1:]


def test_sf11_of12_the_server_writes_events_whatever_its_log_level_is(start_site, alice):
    site = start_site(LOG_LEVEL="ERROR")
    visitor = site.visitor()
    visitor.get("/session")
    reply = visitor.post_form("/session", username="alice", password="wrong, and a secret of mine")

    [event] = lines_in(site.log())
    assert (event["event"], event["outcome"]) == ("login.failed", "failure")
    assert (event["subject"], event["actor"], event["door"]) == ("user:alice", "html", "html")
    assert event["request_id"] == reply.headers["X-Request-Id"]
    assert event["id"] == AuditEvent.objects.get().pk
    assert event["address"] == "127.0.0.1"
    assert "a secret of mine" not in site.log()
