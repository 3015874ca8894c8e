"""Audit events can't be changed, and are deleted only when they were kept long enough."""

import json
import logging
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.audit import Actor, Event, append_only, record, retention
from accounts.models import AuditEvent, AuditRetention
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def events(transactional_db):
    """One event each of today, and of 29, 31 and 400 days ago."""
    for days in (400, 31, 29, 0):
        AuditEvent.objects.create(
            event="test", actor="x", subject=f"{days} days", created_at=timezone.now() - timedelta(days=days)
        )


def kept():
    return set(AuditEvent.objects.filter(event="test").values_list("subject", flat=True))


ALL = {"400 days", "31 days", "29 days", "0 days"}
ROW = "SELECT id, 'forged', actor, subject, user_id, ip, user_agent, door, request_id, data, created_at"
TAMPERING = {
    "update": "UPDATE accounts_auditevent SET actor = 'somebody else'",
    "of one column to itself": "UPDATE accounts_auditevent SET actor = actor",
    "delete": "DELETE FROM accounts_auditevent",
    "delete of the oldest": "DELETE FROM accounts_auditevent WHERE subject = '400 days'",
    "upsert": f"INSERT INTO accounts_auditevent {ROW} FROM accounts_auditevent WHERE true "
    "ON CONFLICT (id) DO UPDATE SET event = 'forged'",
}


@pytest.mark.parametrize("way", TAMPERING)
def test_sf11_the_database_refuses_to_change_events(events, way):
    with pytest.raises(IntegrityError, match=append_only.REFUSAL), connection.cursor() as cursor:
        cursor.execute(TAMPERING[way])

    assert kept() == ALL


def test_sf11_nothing_replaces_or_empties_the_table(events):
    statement = (
        "TRUNCATE accounts_auditevent"
        if connection.vendor == "postgresql"
        else f"INSERT OR REPLACE INTO accounts_auditevent {ROW} FROM accounts_auditevent"
    )

    with pytest.raises(IntegrityError, match=append_only.REFUSAL), connection.cursor() as cursor:
        cursor.execute(statement)

    assert kept() == ALL


@pytest.mark.parametrize(
    "act",
    [
        lambda rows: rows.update(actor="somebody else"),
        lambda rows: rows.delete(),
        lambda rows: rows.bulk_update([*rows.all()], ["actor"]),
        lambda rows: rows.first().save(),
        lambda rows: rows.first().delete(),
    ],
)
def test_sf11_and_so_does_every_way_of_the_application(events, act):
    with pytest.raises(IntegrityError, match=append_only.REFUSAL):
        act(AuditEvent.objects.all())

    assert kept() == ALL


def test_sf11_events_are_kept_for_ever_unless_a_setting_says_how_long(events, settings):
    call_command("run_due_work")
    assert kept() == ALL

    settings.AUDIT_RETENTION_DAYS = 30
    call_command("run_due_work")
    assert kept() == {"29 days", "0 days"}

    told = AuditEvent.objects.get(event=Event.AUDIT_EVENTS_DELETED)
    assert (told.data["count"], told.door) == (2, "command")
    changed = AuditEvent.objects.get(event=Event.AUDIT_RETENTION_CHANGED)
    assert (changed.data["days_before"], changed.data["days"]) == (None, 30)


def test_sf11_events_go_in_batches_and_each_batch_is_recorded(events, settings, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 1)
    settings.AUDIT_RETENTION_DAYS = 30

    assert retention.keep_retention() == 2

    assert AuditEvent.objects.filter(event=Event.AUDIT_EVENTS_DELETED).count() == 2
    assert retention.keep_retention() == 0


def test_sf11_without_the_setting_nothing_is_deleted_any_more(events, settings):
    settings.AUDIT_RETENTION_DAYS = 30
    retention.keep_retention()
    settings.AUDIT_RETENTION_DAYS = None
    retention.keep_retention()

    with pytest.raises(IntegrityError, match=append_only.REFUSAL), transaction.atomic():
        AuditEvent.objects.filter(subject="29 days").delete()


@pytest.mark.parametrize("days", [0, 1, 29])
def test_sf11_no_shorter_retention_can_be_stored(events, days):
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditRetention.objects.update_or_create(pk=1, defaults={"days": days})
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditRetention.objects.create(pk=2, days=30)


def test_sf11_a_migration_that_lost_the_triggers_ends_with_them(transactional_db):
    lost = next(iter(append_only.triggers_of(connection)))
    with connection.cursor() as cursor:
        on = " ON accounts_auditevent" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER {lost}{on}")
    assert append_only.missing_triggers(connection) == [lost]

    call_command("migrate", verbosity=0)

    assert append_only.missing_triggers(connection) == []


def test_d41_each_event_is_a_line_of_json_in_the_log(alice, caplog):
    with caplog.at_level(logging.INFO, "accounts.audit"):
        sign_in(alice)

    lines = [json.loads(line.getMessage()) for line in caplog.records if line.name == "accounts.audit"]
    assert [line["id"] for line in lines] == list(
        AuditEvent.objects.order_by("pk").values_list("pk", flat=True)
    )
    assert (lines[-1]["event"], lines[-1]["subject"]) == ("login.succeeded", "user:alice")


def test_d41_what_is_rolled_back_is_not_in_the_log(alice, caplog):
    with caplog.at_level(logging.INFO, "accounts.audit"), transaction.atomic():
        record(Event.LOGOUT, actor=Actor.command(), subject="user:alice", user=alice)
        transaction.set_rollback(True)

    assert not caplog.records
