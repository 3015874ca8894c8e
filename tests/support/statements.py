"""Count what is sent to the database: every statement, by whatever code.

`sent` listens at the driver, below Django: health checks and what goes around the ORM are in it, too. BEGIN,
COMMIT and savepoints are listed, and counted apart: `statements` leaves them out, `transaction_control` has
nothing else. Both take what `sent` or django.test.utils.CaptureQueriesContext yields.
"""

import re
import tempfile
from contextlib import ExitStack, contextmanager, suppress

import sqlparse
from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connection
from django.db.backends.signals import connection_created
from django.test.utils import CaptureQueriesContext

CONTROL = ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE")
WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "COPY")
LEADING = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
WRITE_INSIDE = re.compile(
    r"\bINSERT\s+INTO\b|\bDELETE\s+FROM\b|\bMERGE\s+INTO\b|(?<!FOR )(?<!KEY )\bUPDATE\b"
)
# Messages to the server in the trace of libpq. Text in it can have line ends of its own.
MESSAGE = re.compile(r"^F\t\d+\t(\w+)(?:\t(.*?))?(?=\n[FB]\t\d+\t|\n*\Z)", re.MULTILINE | re.DOTALL)
NAMES = re.compile(r'^ "([^"]*)" "(.*)" \d+[ \d]*$', re.DOTALL)  # of Parse: name and text
BOUND = re.compile(r'^ "[^"]*" "([^"]*)"')  # of Bind: the name of the statement


def statements(queries):
    """Return the text of each statement, without BEGIN, COMMIT and savepoints, and without `checks`."""
    return [sql for sql in texts(queries) if first_word(sql) not in CONTROL and not is_check(sql)]


def checks(queries):
    """Return each check of a connection. One comes when the server has not answered for a moment (D66)."""
    return [sql for sql in texts(queries) if is_check(sql)]


def is_check(sql):
    return first_word(sql) == "SHOW"


def transaction_control(queries):
    """Return each BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE."""
    return [sql for sql in texts(queries) if first_word(sql) in CONTROL]


def write_transactions(queries):
    """Return the number of commits after a write; a write outside a transaction counts as one."""
    count, inside, wrote = 0, False, False
    for sql in texts(queries):
        word = first_word(sql)
        if word in ("BEGIN", "START"):
            inside, wrote = True, False
        elif word in ("COMMIT", "END"):
            count += wrote
            inside = wrote = False
        elif word in ("ROLLBACK", "ABORT") and not re.match(r"\s*ROLLBACK\s+.*TO\b", sql, re.IGNORECASE):
            inside = wrote = False
        elif is_write(sql):
            wrote = inside
            count += not inside
    return count


def is_write(sql):
    word = first_word(sql)
    return word in WRITES or (word == "WITH" and WRITE_INSIDE.search(sql.upper()) is not None)


def first_word(sql):
    """Return the word that says what a statement does: of `(SELECT ...) UNION ...` it is SELECT."""
    return re.match(r"\w*", sql[LEADING.match(sql).end() :])[0].upper()


def texts(queries):
    """Split what was sent as one text: it can hold several statements."""
    for query in queries:
        sql = query["sql"]
        yield from filter(None, sqlparse.split(sql)) if ";" in sql.strip().rstrip(";") else [sql]


@contextmanager
def sent():
    """Yield a list. At the end of the block it holds {"sql": text} for each statement that this thread sent.

    On PostgreSQL it is what libpq wrote to its socket; a prepared statement has the text that it was prepared
    with. SQLite has no wire, and its own trace shows a statement again for each trigger: there it is what
    Django records, below which nothing is sent. What Django sends while it connects is not in it: servers
    keep their connections.

    Requests of django.test.Client inside the block are served as a server serves them: before and after each,
    Django looks after its connections, which means that it may ask whether they still work. That is left out
    inside an open transaction, where it would close them: count requests in tests that commit.
    """
    queries = []
    with ExitStack() as stack:
        for signal in (request_started, request_finished):
            stack.enter_context(connected(signal, look_after_connections))
        stack.enter_context(LISTENERS[connection.vendor](queries))
        yield queries


@contextmanager
def recorded(queries):
    with CaptureQueriesContext(connection) as captured:
        yield
    queries += captured.captured_queries


@contextmanager
def traced(queries):
    """Have libpq write down what it sends, over this connection and over those that replace it."""
    with ExitStack() as stack:

        def trace(sender, connection, **kwargs):
            if connection.alias == DEFAULT_DB_ALIAS:
                stack.enter_context(trace_of(connection.connection, queries))

        if connection.connection is not None:
            trace(None, connection)
        with connected(connection_created, trace):
            yield


@contextmanager
def connected(signal, receiver):
    signal.connect(receiver, weak=False)
    try:
        yield
    finally:
        signal.disconnect(receiver)


def look_after_connections(**kwargs):
    """As Django does at both ends of a request; the test client takes the original away."""
    if not connection.in_atomic_block:
        close_old_connections()


@contextmanager
def trace_of(driver, queries):
    prepared = prepared_on(driver)
    with tempfile.TemporaryFile() as file:
        driver.pgconn.trace(file.fileno())
        try:
            yield
        finally:
            with suppress(driver.OperationalError):  # closed meanwhile, which has ended the trace
                driver.pgconn.untrace()
            file.seek(0)
            queries += [{"sql": sql} for sql in read_trace(file.read().decode(errors="replace"), prepared)]


def prepared_on(driver):
    """Return the texts of the statements that the connection has prepared already, by name."""
    if driver.info.transaction_status.name not in ("IDLE", "INTRANS"):
        return {}
    with driver.cursor() as cursor:
        cursor.execute("SELECT name, statement FROM pg_prepared_statements")
        return {row[0]: row[1] for row in cursor.fetchall()}


def read_trace(trace, prepared):
    """Yield the text of each statement in the trace of a connection: of simple queries, and of executions."""
    # Without the time that precedes each line.
    lines = re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\t(?=[FB]\t\d+\t)", "", trace, flags=re.MULTILINE)
    bound = ""
    for kind, detail in MESSAGE.findall(lines):
        if kind == "Query":
            yield detail.strip()[1:-1]
        elif kind == "Parse" and (found := NAMES.match(detail)):
            prepared[found[1]] = found[2]
        elif kind == "Bind" and (found := BOUND.match(detail)):
            bound = found[1]
        elif kind == "Execute":
            yield prepared.get(bound, f"EXECUTE {bound}")


LISTENERS = {"postgresql": traced, "sqlite": recorded}
