"""Statements that may take longer than pages allow.

The time limits are lifted for one transaction at a time: a setting of the session would stay on a connection
that a pooler such as PgBouncer hands to somebody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

# The true is LOCAL: until the end of the transaction. What computes between its statements is not stuck.
LIFT = (
    "SELECT set_config('statement_timeout', '0', true), "
    "set_config('idle_in_transaction_session_timeout', '0', true)"
)
# Statements that change a setting, or end or divide transactions: nothing can stand before these when the
# transaction has failed.
OF_TRANSACTIONS = ("SELECT set_config(", "SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def unhurried() -> Iterator[None]:
    """Run the block in a transaction without the statement timeout.

    SQLite has no such timeout. There the block gets no transaction, which would keep all others from writing.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with patience_kept(connection) as patient, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LIFT)
        patient()
        yield


@contextmanager
def unhurried_transactions() -> Iterator[None]:
    """Lift the statement timeout in each transaction of the block. Statements outside keep their limit."""
    with patience_kept(connection) as patient, in_each_transaction(LIFT):
        patient()
        yield


@contextmanager
def patience_kept(database: Any) -> Iterator[Callable[[], None]]:
    """Yield what has this side, too, wait as long as it takes; afterwards it is as impatient as before."""
    before = getattr(database, "patience", None)
    try:
        yield lambda: setattr(database, "patience", None)
    finally:
        database.patience = before


@contextmanager
def in_each_transaction(setting: str) -> Iterator[None]:
    """Carry out a statement that holds until the end of its transaction, in each one of the block. SQLite has
    no such statements.
    """

    def first(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        current = context["connection"]
        inside = current.vendor == "postgresql" and current.in_atomic_block
        if inside and not str(sql).startswith(OF_TRANSACTIONS):
            with current.cursor() as cursor:
                cursor.execute(setting)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(first):
        yield
