"""Whoever waits for the lock of SQLite gets it, and nobody waits longer than the settings say."""

import sqlite3
import threading
import time

import pytest
from django.db import connection

from tests.support.environment import KIND
from tests.support.waiting import wait_until
from tfc_auth.sqlite import TURN, Connection, queue

LOCKED = "database is locked"


@pytest.fixture
def connect(tmp_path):
    """Return a function that opens another connection to one database."""
    opened = []

    def another(timeout=3.5, name="db.sqlite3"):
        place = tmp_path / name
        opened.append(
            sqlite3.connect(
                place, timeout=timeout, isolation_level=None, factory=Connection, check_same_thread=False
            )
        )
        return opened[-1]

    another().execute("PRAGMA journal_mode=WAL")
    opened[0].execute("CREATE TABLE words (word text)")
    yield another
    for each in opened:
        each.close()


def holding(holder, seconds):
    """Take the lock, and give it back after so long."""
    holder.execute("BEGIN IMMEDIATE")
    holder.execute("INSERT INTO words VALUES ('held')")
    thread = threading.Timer(seconds, holder.commit)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "statement", ["BEGIN IMMEDIATE", "INSERT INTO words VALUES ('waited')"], ids=["transaction", "single"]
)
@pytest.mark.parametrize("by", ["cursor", "connection"])
def test_a_statement_waits_in_short_steps(connect, statement, by):
    waiting = connect()
    holder = holding(connect(), seconds=10 * TURN)

    (waiting.cursor() if by == "cursor" else waiting).execute(statement)

    holder.join()
    own_wait = waiting.execute("PRAGMA busy_timeout").fetchone()[0]
    assert own_wait == round(TURN * 1000), "SQLite's own wait, in which it looks less and less often"


def test_nobody_waits_longer_than_the_settings_say(connect):
    waiting = connect(timeout=4 * TURN)
    connect().execute("BEGIN IMMEDIATE")
    began = time.monotonic()

    with pytest.raises(sqlite3.OperationalError, match=LOCKED):
        waiting.execute("BEGIN IMMEDIATE")

    assert time.monotonic() - began >= 4 * TURN


def test_a_shorter_time_than_one_step_is_kept(connect):
    impatient = connect(timeout=0)
    connect().execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match=LOCKED):
        impatient.execute("BEGIN IMMEDIATE")

    assert impatient.execute("PRAGMA busy_timeout").fetchone()[0] == 0


def test_the_threads_of_a_process_get_the_lock_in_the_order_of_coming(connect):
    """Eight that came one after the other, and each of them comes again at once, behind the others."""
    holder = connect()
    holder.execute("BEGIN IMMEDIATE")
    order = []

    def write_twice(number, own):
        for _ in range(2):
            own.execute("BEGIN IMMEDIATE")
            order.append(number)
            time.sleep(2 * TURN)
            own.commit()

    threads = [
        threading.Thread(target=write_twice, args=(number, connect(timeout=60))) for number in range(8)
    ]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        wait_until(lambda waiting=number: len(queue.waiting) == waiting)
    holder.commit()
    for thread in threads:
        thread.join()

    assert order[:8] == list(range(8))
    assert sorted(order[8:]) == list(range(8))


def test_reads_pass_who_waits_for_the_lock(connect):
    holder, waiting = holding(connect(), seconds=100 * TURN), connect()
    thread = threading.Thread(target=waiting.execute, args=["BEGIN IMMEDIATE"])
    thread.start()
    wait_until(lambda: queue.waiting)

    assert connect().execute("SELECT * FROM words").fetchall() == []
    assert queue.waiting, "still waits"

    for each in (holder, thread):
        each.join()


def test_who_waits_behind_others_gives_up_at_its_own_time(connect):
    """Not at that of the one before, which may wait longer."""
    holder = connect()
    holder.execute("BEGIN IMMEDIATE")
    patient = connect(timeout=60)
    first = threading.Thread(target=patient.execute, args=["BEGIN IMMEDIATE"])
    first.start()
    wait_until(lambda: queue.waiting)

    with pytest.raises(sqlite3.OperationalError, match=LOCKED):
        connect(timeout=10 * TURN).execute("BEGIN IMMEDIATE")

    assert len(queue.waiting) == 1, "the first one waits on"
    holder.commit()
    first.join()


def test_a_commit_queues_behind_nobody(connect):
    """Without a write-ahead log, it waits for readers. Those who wait for the lock wait for it."""
    writer, reader, waiting = (connect(timeout=60, name="no-log.sqlite3") for _ in range(3))
    writer.execute("CREATE TABLE words (word text)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO words VALUES ('written')")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM words").fetchall()
    thread = threading.Thread(target=waiting.execute, args=["BEGIN IMMEDIATE"])
    thread.start()
    wait_until(lambda: queue.waiting)
    threading.Timer(10 * TURN, reader.rollback).start()

    writer.commit()

    thread.join()
    assert waiting.in_transaction


def test_who_gives_up_is_not_waited_for(connect):
    connect().execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match=LOCKED):
            connect(timeout=2 * TURN).execute("BEGIN IMMEDIATE")

    assert not queue.waiting


def test_any_other_error_is_told_at_once(connect):
    tries = []
    asking = connect()
    asking.create_function("tried", 0, lambda: tries.append(1))

    with pytest.raises(sqlite3.OperationalError):
        asking.execute("SELECT tried(), json('no json')")

    assert len(tries) <= 1


def test_who_waits_within_a_transaction_gives_up_soon(connect):
    """It has read what others have changed since, so to wait for the lock would be in vain."""
    reader, writer = connect(), connect()
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM words").fetchall()
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO words VALUES ('newer')")
    began = time.monotonic()

    with pytest.raises(sqlite3.OperationalError, match=LOCKED):
        reader.execute("INSERT INTO words VALUES ('older')")

    assert time.monotonic() - began < reader.patience


@pytest.mark.django_db
def test_the_site_waits_so():
    if KIND != "sqlite":
        return  # it asks the connection of the run
    connection.ensure_connection()

    assert isinstance(connection.connection, Connection)
    assert connection.connection.patience == 3.5
