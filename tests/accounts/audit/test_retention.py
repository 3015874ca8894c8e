"""Audit events are kept as long as the setting says, and no less than 30 days."""

import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import Error, IntegrityError, transaction
from django.utils import timezone

from accounts.audit import Event, retention
from accounts.database import append_only
from accounts.models import AuditEvent, AuditRetention
from tests.accounts.audit.events import POSTGRESQL, SERVER, ages, execute, write_events
from tests.support import environment

pytestmark = pytest.mark.django_db(transaction=True)


def run_due_work():
    output = StringIO()
    call_command("run_due_work", stdout=output, verbosity=2)
    return output.getvalue()


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
