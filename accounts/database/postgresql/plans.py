"""Prepared statements: which there are, when the server refuses one, and whether a pooler keeps them.

A prepared statement is planned once on each connection, for whatever values: that spares the read of a
session nine tenths of its time in the database. But such a plan can't know that an organization has a hundred
thousand members, what a search begins with, or that a value fits a partial index. So nothing is prepared but
what is marked: statements that find or write single rows by a key.
(docs/decisions/0024-prepared-statements.md tells more.)
"""

from contextlib import ExitStack, closing
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import errors

# Prepared statements of one connection. More are marked nowhere near, and psycopg forgets the oldest.
MOST = 50
# The function of the server that refuses a plan whose columns have got another type since.
CHANGED = "RevalidateCachedQuery"
HANDED_ON = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)
POOLER = (
    "the pooler hands connections on without their prepared statements. Set DATABASE_PREPARED_STATEMENTS=0, "
    "or take PgBouncer 1.22 or newer with max_prepared_statements"
)
OTHERS = 3  # connections of a pool that others hold while it is tried


class PreparedSQL(str):
    """A statement that one plan suits, whatever its values: it finds or writes single rows by a key.

    On any database, it is the statement's text. PostgreSQL prepares it if DATABASE_PREPARED_STATEMENTS is on.
    """

    __slots__ = ()


class PreparingCursor(CursorWrapper):
    """A cursor of Django's that has marked statements prepared. All others go with their values in them.

    Cursors that show their statements (DEBUG, tests that count) prepare none.
    """

    def execute(self, sql: Any, params: Any = None) -> Any:
        connection = self.db.connection
        if isinstance(sql, PreparedSQL) and connection.prepare_threshold is not None:
            self.cursor: Any = psycopg.Cursor(connection)
        return super().execute(sql, params)


def refusal(error: psycopg.Error) -> str:
    """Return why the server refuses what it had prepared, as a sentence; "" for any other error."""
    if isinstance(error, HANDED_ON):
        return f"{error}: {POOLER}"
    if isinstance(error, errors.FeatureNotSupported) and error.diag.source_function == CHANGED:
        return f"a column has another type than when the statement was prepared: {error}"
    return ""


def are_kept(database: BaseDatabaseWrapper) -> bool:
    """Return whether a statement is still prepared when a pooler has handed its connection to somebody else.

    Raises psycopg.Error or django.db.Error if there are not enough connections to try.
    """
    parameters = database.get_connection_params()
    with ExitStack() as stack:

        def connect() -> psycopg.Connection[Any]:
            return stack.enter_context(closing(database.get_new_connection(parameters)))

        one = connect()
        one.autocommit = True
        cursor = psycopg.Cursor(one)
        cursor.execute("SELECT 1", prepare=True)
        for _ in range(OTHERS):
            connect().execute("SELECT 2")  # begins a transaction, and holds what `one` has had
            try:
                cursor.execute("SELECT 1", prepare=True)
            except psycopg.OperationalError as error:
                if POOLER in str(error):
                    return False
                raise
    return True
