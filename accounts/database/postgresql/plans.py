"""Prepared statements: when the server refuses one, and whether a pooler keeps them with their connection."""

from contextlib import ExitStack, closing
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import errors

# Each is a plan in the server's memory for each connection, some 30 kB. The product has about 60 that it asks
# often enough.
MOST = 100
# The function of the server that refuses a plan whose columns have got another type since.
CHANGED = "RevalidateCachedQuery"
HANDED_ON = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)
POOLER = (
    "the pooler hands connections on without their prepared statements. Set DATABASE_PREPARED_STATEMENTS=0, "
    "or take PgBouncer 1.22 or newer with max_prepared_statements"
)
OTHERS = 3  # connections of a pool that others hold while it is tried


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
        one.execute("SELECT 1", prepare=True)
        for _ in range(OTHERS):
            connect().execute("SELECT 2")  # begins a transaction, and holds what `one` has had
            try:
                one.execute("SELECT 1", prepare=True)
            except psycopg.OperationalError as error:
                if POOLER in str(error):
                    return False
                raise
    return True
