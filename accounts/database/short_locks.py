"""Change tables of a site that is in use: give up a lock soon, and try again.

A statement that waits for the lock of a table keeps everybody waiting who comes after it. And one that waits
while its transaction holds the lock of another table makes deadlocks, in which PostgreSQL ends one side after
a second: that can be somebody's request. So a migration waits less than that, lets go of all that it holds,
and begins anew.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection

from accounts.database.timeouts import OF_TRANSACTIONS

LIMIT = "SET LOCAL lock_timeout = '500ms'"
LOCKED = ("55P03", "40P01")  # PostgreSQL's SQLSTATE: the lock was not available, or a deadlock was ended
PAUSE = 0.5  # seconds
TRIES = 120


def insistently(act: Callable[[], object], tell: Callable[[str], None]) -> None:
    """Carry out `act`, and begin anew when a table is in use. Raises OperationalError in the end."""
    for attempt in range(1, TRIES + 1):
        try:
            with briefly():
                act()
            return
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in LOCKED or attempt == TRIES:
                raise
        tell("A table is in use: trying again ...")
        time.sleep(PAUSE)


@contextmanager
def briefly() -> Iterator[None]:
    """Limit how long statements in the transactions of the block wait for locks. SQLite has its own limit."""
    with connection.execute_wrapper(limiting):
        yield


def limiting(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    current = context["connection"]
    if (
        current.vendor == "postgresql"
        and current.in_atomic_block
        and not str(sql).startswith(OF_TRANSACTIONS)
    ):
        with current.cursor() as cursor:
            cursor.execute(LIMIT)
    return execute(sql, params, many, context)
