"""A server is not asked in each request whether it takes writes; one that is lost is noticed (OF5).

The server itself tells what it was sent: its log of statements comes along with its answers.
"""

import time
from contextlib import ExitStack, closing

import psycopg
import pytest
from django.db import OperationalError, connection, connections

from accounts.database.postgresql.trust import LASTS
from tests.support import environment
from tests.support.load import PROFILE
from tests.support.parallel import sign_in

pytestmark = [pytest.mark.planner, pytest.mark.django_db(transaction=True)]  # SQLite is no server

QUESTION = "statement: SHOW transaction_read_only"


class Kept:
    """A connection that requests of one thread use, and what its server was sent."""

    def __init__(self):
        self.wrapper = connections.create_connection("default")
        self.sent = []
        self.run("SET client_min_messages = log; SET log_statement = 'all'")
        self.wrapper.connection.add_notice_handler(lambda notice: self.sent.append(notice.message_primary))

    def run(self, statement):
        with self.wrapper.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None

    def request(self):
        """Serve a request with one statement, as Django begins and ends it; return the server's process."""
        self.wrapper.close_if_unusable_or_obsolete()
        [pid] = self.run("SELECT pg_backend_pid()")
        self.wrapper.close_if_unusable_or_obsolete()
        return pid

    def close(self):
        self.wrapper.close()


@pytest.fixture
def keep(transactional_db):
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(Kept()))


def terminate(condition):
    with psycopg.connect(environment.test_database_url(), autocommit=True) as session:
        ended = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {condition}"
        assert session.execute(ended).fetchall()


def test_requests_that_follow_each_other_ask_nothing(keep):
    kept = keep()

    assert len({kept.request() for _ in range(5)}) == 1
    assert QUESTION not in kept.sent
    assert len(kept.sent) == 5


def test_of6_a_server_is_asked_once_the_answer_is_old(keep):
    kept = keep()
    time.sleep(LASTS + 0.1)

    for _ in range(5):
        kept.request()

    assert kept.sent.count(QUESTION) == 1


def test_of6_a_server_that_answers_all_the_time_is_asked_too(keep):
    """Behind a pooler it can be another one by now, that answers reads only."""
    kept = keep()
    end = time.monotonic() + LASTS + 0.2
    while time.monotonic() < end:
        kept.request()
        time.sleep(0.05)

    assert kept.sent.count(QUESTION) == 1


def test_of5_a_connection_that_was_ended_between_two_requests_is_no_error(keep):
    kept = keep()
    pid = kept.request()

    terminate(f"pid = {pid}")

    assert kept.request() != pid


def test_of5_people_notice_nothing_when_all_connections_are_ended(live_site, alice):
    visitor = sign_in(live_site, alice)
    for _ in range(3):
        assert [visitor.get(PROFILE).status for _ in range(8)] == [200] * 8
        terminate("datname = current_database() AND state = 'idle' AND pid <> pg_backend_pid()")
    connection.close()  # it was one of them


def test_of6_a_connection_is_given_up_when_its_server_tells_that_it_takes_no_writes(keep):
    """A new default, or a standby: PostgreSQL tells it along with the next answer."""
    kept = keep()
    pid = kept.request()

    kept.run("SET default_transaction_read_only = on")

    assert kept.request() != pid


def test_of5_after_the_loss_of_one_connection_all_others_ask(keep):
    lost, other = keep(), keep()
    pid = other.request()
    lost.wrapper.close_if_unusable_or_obsolete()
    [its] = lost.run("SELECT pg_backend_pid()")
    terminate(f"pid = {its}")
    with pytest.raises(OperationalError):  # in the middle of a request
        lost.run("SELECT 1")

    assert other.request() == pid
    assert other.sent.count(QUESTION) == 1
