"""What PostgreSQL prepares: marked statements that a connection asks again, and nothing else (D67)."""

from contextlib import closing

import pytest
from django.db import connections

from accounts.database.postgresql.plans import MOST, PreparedSQL
from accounts.database.prepared import Prepared
from accounts.models import User

pytestmark = [pytest.mark.planner, pytest.mark.django_db(transaction=True)]

PREPARED = "SELECT statement FROM pg_prepared_statements"


@pytest.fixture
def own(transactional_db):
    """A connection of this test's own."""
    made = connections.create_connection("default")
    made.settings_dict = {**made.settings_dict, "OPTIONS": {**made.settings_dict["OPTIONS"]}}
    with closing(made):
        yield made


def ask(database, statement, *values):
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def prepared(database):
    return [statement for [statement] in ask(database, PREPARED)]


def test_d67_a_marked_statement_is_prepared_when_it_is_asked_again(own):
    by_name = PreparedSQL("SELECT id FROM accounts_user WHERE username = %s")

    found = []
    for name in ("alice", "bob", "carol"):
        ask(own, by_name, name)
        found.append(prepared(own))

    once = ["SELECT id FROM accounts_user WHERE username = $1"]
    assert found == [[], once, once]


def test_d67_nothing_else_is_prepared(own):
    for _ in range(20):
        ask(own, "SELECT id FROM accounts_user WHERE username = %s", "alice")

    assert prepared(own) == []


def test_d67_behind_a_pooler_nothing_is_prepared(own):
    own.settings_dict["OPTIONS"]["prepare_threshold"] = None
    for _ in range(20):
        ask(own, PreparedSQL("SELECT id FROM accounts_user WHERE username = %s"), "alice")

    assert prepared(own) == []


def test_d67_the_server_keeps_so_many_plans_and_no_more(own):
    for number in range(MOST + 20):
        for _ in range(3):
            ask(own, PreparedSQL(f"SELECT %s::text AS c{number}"), "x")

    assert len(prepared(own)) in (MOST, MOST + 1)  # psycopg forgets the oldest with the next one
    assert ask(own, PreparedSQL("SELECT %s::text AS c0"), "y") == [("y",)]


def test_d67_a_prepared_read_is_prepared(alice):
    by_name = Prepared(lambda name: User.objects.filter(username=name))

    found = [by_name.first(name=name) for name in ("alice", "bob", "alice")]

    assert found == [alice, None, alice]
    assert [s for s in prepared(connections["default"]) if '"username" = ($1)' in s]
    connections["default"].close()
