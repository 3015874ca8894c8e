"""A connection to PostgreSQL does not wait for ever, and not for a server that takes no writes."""

import time
from contextlib import nullcontext

import pytest
from django.db import OperationalError, connection, transaction

from accounts.database.postgresql.base import PATIENCE
from accounts.database.timeouts import unhurried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.planner]

SLOW_COMMIT = """
    CREATE TABLE slow (id int);
    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql
        AS $$BEGIN PERFORM pg_sleep(2); RETURN NULL; END$$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slowly()
"""

# The server of these tests has other databases, in which other tests sleep.
STILL_COMMITTING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'
"""


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def slow_commits(transactional_db):
    """Each commit takes two seconds, and this connection waits for half a second."""
    run(SLOW_COMMIT)
    connection.patience = 0.5
    yield
    connection.patience = PATIENCE
    connection.close()
    run("DROP TABLE slow; DROP FUNCTION slowly")


@pytest.mark.parametrize("in_transaction", [True, False])
def test_of6_a_commit_that_does_not_end_is_given_up(slow_commits, in_transaction):
    began = time.monotonic()
    place = transaction.atomic() if in_transaction else nullcontext()
    with pytest.raises(OperationalError, match="did not answer in time; what"), place:
        run("INSERT INTO slow VALUES (1)")
    connection.close()  # requests do that at their end

    assert time.monotonic() - began < 1.5
    assert run(STILL_COMMITTING) == [(0,)]


def test_of6_a_commit_of_work_that_takes_long_may_take_long(slow_commits):
    with unhurried():
        run("INSERT INTO slow VALUES (1)")
    with pytest.raises(OperationalError), transaction.atomic():
        run("INSERT INTO slow VALUES (2)")
    connection.close()

    assert run("SELECT id FROM slow") == [(1,)]


def test_of6_a_connection_is_given_up_when_its_server_takes_no_writes(transactional_db):
    run("SELECT 1")
    assert connection.is_usable()

    run("SET default_transaction_read_only = on")

    assert not connection.is_usable()
    connection.close()
