"""The database itself keeps audit events: nobody changes them, and nobody deletes them early."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, IntegrityError, connection, transaction

from accounts.audit import Event
from accounts.database import append_only
from accounts.models import AuditEvent
from tests.accounts.audit.events import POSTGRESQL, ages, execute, write_events
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


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
        "INSERT OR REPLACE INTO accounts_auditevent (id, event, actor, subject, user_id, ip, user_agent, "
        "door, request_id, data, created_at) SELECT id, event, 'user:mallory', subject, user_id, ip, "
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
