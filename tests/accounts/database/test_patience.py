"""A server that says nothing is given up within seconds, by pages; work in the background waits (OF5)."""

import socket
import struct
import threading
import time
from contextlib import closing, contextmanager

import pytest
from django.core.signals import request_finished, request_started
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


@contextmanager
def transaction_of(database):
    """As `atomic`, for a connection that has no alias of its own."""
    database.set_autocommit(False)
    try:
        yield
    finally:
        database.rollback()


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


# ---------------------------------------------------------------- requests, and poolers


@pytest.fixture
def request_begins(transactional_db):
    """This thread serves a request, whose first statement has been answered."""
    connection.ensure_connection()
    request_started.send(None)
    sleep(connection, 0)
    unlimited(connection)
    yield
    request_finished.send(None)
    connection.close()


def test_of5_slow_answers_of_one_request_are_counted_together(request_begins):
    """In a pool that is nearly used up each statement waits, and the page stays below five seconds."""
    with at_most(SECONDS_FOR_503):
        sleep(connection, 2)
        sleep(connection, 2)
        with pytest.raises(OperationalError, match="did not answer in time"):
            sleep(connection, 2)


def test_of5_a_request_with_many_statements_has_as_much_time_as_it_takes(request_begins):
    for _ in range(12):
        sleep(connection, 0.4)


def test_of5_outside_of_requests_each_answer_may_take_long(transactional_db):
    connection.ensure_connection()
    request_started.send(None)
    request_finished.send(None)
    with at_most(7):
        for _ in range(3):
            sleep(connection, 2)


def message(kind, text):
    return kind + struct.pack("!i", len(text) + 4) + text


def error(code, words):
    return message(b"E", f"SFATAL\0VFATAL\0C{code}\0M{words}\0\0".encode())


READY = message(b"Z", b"I")
PARAMETERS = {"server_version": "17.0", "client_encoding": "UTF8", "TimeZone": "UTC"}
WELCOME = b"".join(
    [
        message(b"R", struct.pack("!i", 0)),
        *(message(b"S", f"{name}\0{value}\0".encode()) for name, value in PARAMETERS.items()),
        READY,
    ]
)
# As PgBouncer answers while its server stops: with the server's last words, and with its own.
TWICE = error("57P01", "terminating connection") + error("08P01", "server conn crashed?") + READY


def pool_without_a_server(listener):
    """Take one connection, and answer each statement with two errors."""
    client, _address = listener.accept()
    with client:
        while client.recv(4096)[4:8] in (struct.pack("!i", 80877103), struct.pack("!i", 80877104)):
            client.sendall(b"N")  # neither TLS nor GSSAPI
        client.sendall(WELCOME)
        while client.recv(4096):
            client.sendall(TWICE)


def test_of5_a_pooler_that_answers_twice_has_lost_the_server(own):
    """The second answer must not be taken for that of the next statement; and it is a 503, not a 500."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=pool_without_a_server, args=(listener,), daemon=True).start()
        own.settings_dict["HOST"], own.settings_dict["PORT"] = "127.0.0.1", listener.getsockname()[1]
        with pytest.raises(OperationalError), transaction_of(own):
            sleep(own, 0)

    assert own.connection is None or own.connection.closed
