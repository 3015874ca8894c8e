"""Statements that may take longer than pages allow.

The time limit is lifted for one transaction at a time: a setting of the session would stay on a connection
that a pooler such as PgBouncer hands to somebody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

LIFT = "SET LOCAL statement_timeout = 0"
# Statements that end or divide transactions: LIFT can't stand before them when the transaction has failed.
OF_TRANSACTIONS = ("SET LOCAL", "SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def unhurried() -> Iterator[None]:
    """Run the block in a transaction without the statement timeout.

    SQLite has no such timeout. There the block gets no transaction, which would keep all others from writing.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        lift(connection)
        yield


@contextmanager
def unhurried_transactions() -> Iterator[None]:
    """Lift the statement timeout in each transaction of the block. Statements outside keep their limit."""
    with connection.execute_wrapper(lifting):
        yield


def lifting(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    current = context["connection"]
    if (
        current.vendor == "postgresql"
        and current.in_atomic_block
        and not str(sql).startswith(OF_TRANSACTIONS)
    ):
        lift(current)
    return execute(sql, params, many, context)


def lift(current: Any) -> None:
    """Lift the limits of this transaction: the server's, and that of the commit (postgresql/waiting.py)."""
    with current.cursor() as cursor:
        cursor.execute(LIFT)
    driver: Any = current.connection
    driver.unhurried = True
