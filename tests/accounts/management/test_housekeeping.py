"""What time has made useless goes away, and nobody waits for that."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import factors
from accounts.database import batches
from accounts.factors.totp.models import TOTPDevice
from accounts.management import housekeeping
from accounts.models import OutboxMessage, RateLimit, Session
from accounts.two_factor import enrolment
from tests.support import environment
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

POSTGRESQL = environment.KIND == "postgresql"


@pytest.fixture
def counters(transactional_db, monkeypatch):
    """Twenty counters whose time is over, and one that counts."""
    monkeypatch.setattr(batches, "BATCH", 6)
    over, open_ = timezone.now() - timedelta(hours=1), timezone.now() + timedelta(hours=1)
    rows = [RateLimit(key=f"x:{number:02}", count=1, resets_at=over) for number in range(20)]
    RateLimit.objects.bulk_create([*reversed(rows), RateLimit(key="x:open", count=1, resets_at=open_)])


def keys():
    return list(RateLimit.objects.filter(key__startswith="x:").order_by("key").values_list("key", flat=True))


def test_counters_whose_time_is_over_go_in_batches_and_the_others_stay(counters):
    with CaptureQueriesContext(connection) as queries:
        housekeeping.tidy()

    deletions = [query["sql"] for query in queries if query["sql"].startswith('DELETE FROM "accounts_rate')]
    assert len(deletions) == 4
    assert keys() == ["x:open"]


def test_a_counter_that_somebody_holds_is_left_for_the_next_time_without_waiting(counters):
    if not POSTGRESQL:
        return  # SQLite has one lock for everything
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM accounts_ratelimit WHERE key = 'x:07' FOR UPDATE")
        housekeeping.tidy()
        assert keys() == ["x:07", "x:open"]
        other.rollback()
    finally:
        other.close()

    housekeeping.tidy()
    assert keys() == ["x:open"]


def test_a_counter_that_begins_anew_while_it_is_looked_for_stays(counters, monkeypatch):
    def begins_anew():
        later = timezone.now() + timedelta(hours=1)
        RateLimit.objects.filter(key="x:07").update(resets_at=later)
        return transaction.atomic()

    monkeypatch.setattr(batches, "transaction", SimpleNamespace(atomic=begins_anew))
    batches.delete_in_batches(RateLimit.objects.filter(resets_at__lt=timezone.now()), by="resets_at")

    assert keys() == ["x:07", "x:open"]


def write_messages(number, **fields):
    later = timezone.now() + timedelta(days=1)
    rows = [OutboxMessage(**{"sealed": "x", "expires_at": later} | fields) for _ in range(number)]
    OutboxMessage.objects.bulk_create(rows)


def test_messages_are_wiped_and_forgotten_in_batches(transactional_db, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 6)
    long_ago = timezone.now() - timedelta(days=8)
    write_messages(20, expires_at=timezone.now() - timedelta(hours=1))
    write_messages(20, sent_at=long_ago, expires_at=long_ago, sealed="")
    write_messages(1)

    with CaptureQueriesContext(connection) as queries:
        housekeeping.tidy()

    table = '"accounts_outboxmessage"'
    assert sum(query["sql"].startswith(f"UPDATE {table}") for query in queries) == 4
    assert sum(query["sql"].startswith(f"DELETE FROM {table}") for query in queries) == 4
    left = OutboxMessage.objects.values_list("sealed", flat=True)
    assert sorted(left) == [*[""] * 20, "x"]


def test_set_ups_that_nobody_ended_go_in_batches(alice, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 6)
    for _ in range(20):
        TOTPDevice.objects.create(user=alice, confirmed=False)
    TOTPDevice.objects.update(created_at=timezone.now() - timedelta(minutes=31))
    TOTPDevice.objects.create(user=alice, confirmed=False)

    with CaptureQueriesContext(connection) as queries:
        assert enrolment.discard_stale_enrolments() == 20

    table = f'"{TOTPDevice._meta.db_table}"'
    assert sum(query["sql"].startswith(f"DELETE FROM {table}") for query in queries) == 4
    assert TOTPDevice.objects.count() == 1


@pytest.mark.parametrize("slug", ["app", "sms"])
def test_a_set_up_that_is_confirmed_while_it_is_looked_for_stays(alice, monkeypatch, slug):
    factor = factors.get(slug)
    state = factor.begin_enrolment(alice, phone_number="+12025550143")
    factor.device_model.objects.update(created_at=timezone.now() - timedelta(minutes=31))

    def is_confirmed():
        factor.device_model.objects.filter(pk=state["device_id"]).update(confirmed=True)
        return transaction.atomic()

    monkeypatch.setattr(batches, "transaction", SimpleNamespace(atomic=is_confirmed))
    assert factor.discard_stale() == 0

    assert factor.device_of(alice) is not None


def test_sessions_that_are_over_go_and_the_others_stay(alice, bob):
    for user in (alice, alice, bob):
        sign_in(user)
    Session.objects.filter(user=alice).update(expires_at=timezone.now() - timedelta(minutes=1))

    housekeeping.tidy()

    assert [session.user for session in Session.objects.all()] == [bob]
