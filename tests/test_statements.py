"""Statements are told from what only begins and ends transactions, however they are written."""

import pytest

from tests.support.statements import checks, read_trace, statements, transaction_control, write_transactions

A_READ = 'SELECT "id" FROM "accounts_user"'
A_WRITE = 'UPDATE "accounts_user" SET "username" = %s'


def queries(*texts):
    return [{"sql": text} for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        A_READ,
        f"({A_READ} UNION {A_READ})",
        f"WITH one AS ({A_READ}) SELECT * FROM one",
        "SET LOCAL statement_timeout = 0",
        " \n INSERT INTO accounts_ratelimit AS stored VALUES (1)",
        "/* why */ -- and how\nDELETE FROM accounts_session",
        "PRAGMA foreign_keys",
        "EXECUTE _pg3_7",
    ],
)
def test_whatever_is_asked_is_a_statement(text):
    assert statements(queries("BEGIN", text, "COMMIT")) == [text]


@pytest.mark.parametrize(
    "text",
    ["BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", 'SAVEPOINT "s1"', 'RELEASE SAVEPOINT "s1"'],
)
def test_what_begins_and_ends_transactions_is_counted_apart(text):
    assert statements(queries(text)) == []
    assert transaction_control(queries(text)) == [text]


def test_statements_sent_together_are_counted_one_by_one():
    sent = queries(f"BEGIN; {A_READ} WHERE username = 'a;b' FOR UPDATE;")

    assert len(statements(sent)) == 1
    assert len(transaction_control(sent)) == 1


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        (["BEGIN", A_WRITE, A_WRITE, "COMMIT"], 1),
        (["BEGIN", A_READ, "COMMIT"], 0),
        (["BEGIN", A_READ + " FOR NO KEY UPDATE", "COMMIT"], 0),
        (["BEGIN", A_WRITE, "ROLLBACK", A_WRITE], 1),
        (["BEGIN", A_WRITE, 'SAVEPOINT "s"', 'ROLLBACK TO SAVEPOINT "s"', "COMMIT"], 1),
        ([f"WITH changed AS ({A_WRITE} RETURNING id) SELECT * FROM changed"], 1),
        ([f"WITH one AS ({A_READ} FOR NO KEY UPDATE) SELECT * FROM one"], 0),
        ([A_WRITE, A_WRITE], 2),
    ],
)
def test_a_transaction_that_wrote_counts_when_it_commits(texts, number):
    assert write_transactions(queries(*texts)) == number


def test_the_trace_of_libpq_has_each_execution_with_the_text_that_was_prepared():
    trace = (
        '2026-11-29 10:00:00.000001\tF\t30\tQuery\t "SELECT 1\n  , 2"\n'
        "2026-11-29 10:00:00.000002\tB\t60\tRowDescription\t 2\n"
        'F\t32\tParse\t "_pg3_0" "SELECT $1::int, \'"\'" 1 21\n'
        "F\t4\tSync\n"
        "B\t4\tParseComplete\n"
        'F\t28\tBind\t "" "_pg3_0" 1 1 1 2 \'\\x00\\x05\' 1 0\n'
        'F\t9\tExecute\t "" 0\n'
        'F\t28\tBind\t "" "_pg3_9" 1 1 1 2 \'\\x00\\x05\' 1 0\n'
        'F\t9\tExecute\t "" 0\n'
        'F\t28\tBind\t "" "unknown" 0\n'
        'F\t9\tExecute\t "" 0\n'
    )

    found = list(read_trace(trace, {"_pg3_9": A_READ}))

    assert found == ["SELECT 1\n  , 2", "SELECT $1::int, '\"'", A_READ, "EXECUTE unknown"]


def test_a_check_of_the_connection_is_counted_apart():
    queries = [{"sql": "SHOW transaction_read_only"}, {"sql": "SELECT 1"}]

    assert checks(queries) == ["SHOW transaction_read_only"]
    assert statements(queries) == ["SELECT 1"]
