"""What works by itself takes its time, and leaves no setting on a connection that is shared."""

import io

import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import FloatField, Func, Value
from django.utils import timezone

from accounts.database.batches import delete_in_batches
from accounts.database.timeouts import unhurried_transactions
from accounts.management.doctor import Check, checks
from accounts.models import RateLimit
from tests.support import environment

pytestmark = pytest.mark.django_db(transaction=True)

POSTGRESQL = environment.KIND == "postgresql"


@pytest.fixture
def hurried(transactional_db):
    """A connection on which a page may take a fifth of a second."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 200" if POSTGRESQL else "SELECT 1")
    yield
    connection.close()


def statement_timeout():
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout" if POSTGRESQL else "SELECT '200ms'")
        return cursor.fetchone()[0]


def sleep():
    if POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.4)")


def test_a_page_is_hurried(hurried):
    if POSTGRESQL:
        with pytest.raises(OperationalError):
            sleep()


def test_of5_a_check_of_doctor_takes_its_time(hurried, monkeypatch):
    monkeypatch.setitem(checks, "migrations", Check(lambda: sleep() or []))
    output = io.StringIO()

    call_command("doctor", stdout=output)

    assert "ok: migrations" in output.getvalue()
    assert statement_timeout() == "200ms"


def test_of5_a_search_for_what_is_to_be_deleted_takes_its_time(hurried):
    RateLimit.objects.create(key="over", count=1, resets_at=timezone.now())
    rows = RateLimit.objects.filter(resets_at__lte=timezone.now())
    if POSTGRESQL:
        slow = Func(Value(0.3), function="pg_sleep", output_field=FloatField())
        rows = rows.alias(slow=slow).exclude(slow=None).order_by("pk")

    assert delete_in_batches(rows, by="resets_at") == 1
    assert statement_timeout() == "200ms"


def test_of5_migrate_and_due_work_leave_no_setting_behind(hurried):
    call_command("migrate", stdout=io.StringIO())
    call_command("run_due_work", stdout=io.StringIO())

    assert statement_timeout() == "200ms"


def test_of5_a_migration_takes_its_time(hurried):
    with unhurried_transactions():
        with transaction.atomic():
            sleep()
        with transaction.atomic():
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT no_such_thing")  # the savepoint goes back, and the rest goes on
            sleep()

    assert statement_timeout() == "200ms"
