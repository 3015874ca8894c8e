"""A server that says nothing is given up within seconds, by pages; work in the background waits (OF5)."""

import socket
import time
from contextlib import closing, contextmanager

import pytest
from django.db import OperationalError, connection, connections, transaction

from accounts.database.timeouts import unhurried, unhurried_transactions

pytestmark = [pytest.mark.planner, pytest.mark.django_db(transaction=True)]  # SQLite is no server

SECONDS_FOR_503 = 5


@pytest.fixture
def own(transactional_db):
    """A connection of this test's own."""
    made = connections.create_connection("default")
    made.settings_dict = {**made.settings_dict}
    with closing(made):
        yield made


@contextmanager
def at_most(seconds):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def sleep(database, seconds):
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def unlimited(database):
    with database.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


def test_of5_an_answer_that_does_not_come_is_an_error_and_the_connection_is_gone(own):
    """As behind a pooler that waits for a server: no time-out of the server's ends that."""
    unlimited(own)

    with at_most(SECONDS_FOR_503), pytest.raises(OperationalError):
        sleep(own, 30)

    own.close()
    with pytest.raises(OperationalError, match="has just not answered"):
        sleep(own, 0)
    own.close_if_unusable_or_obsolete()  # the next request
    sleep(own, 0)


def test_of5_a_failed_statement_costs_no_connection(own):
    sleep(own, 0)
    pid = own.connection.info.backend_pid

    with at_most(SECONDS_FOR_503), pytest.raises(OperationalError, match="statement timeout"):
        sleep(own, 30)

    sleep(own, 0)
    assert own.connection.info.backend_pid == pid


def test_of5_work_in_the_background_waits(transactional_db):
    before = connection.patience
    with unhurried_transactions(), transaction.atomic():
        with unhurried():
            assert connection.patience is None
        sleep(connection, before + 0.2)

    assert connection.patience == before


def test_of5_a_server_that_takes_connections_and_says_nothing_costs_one_wait(own):
    """One request asks twice, since it goes on without what it could not note. It waits once."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        own.settings_dict["HOST"], own.settings_dict["PORT"] = "127.0.0.1", silent.getsockname()[1]
        with at_most(SECONDS_FOR_503 / 2):
            for _ in range(3):
                with pytest.raises(OperationalError):
                    sleep(own, 0)
