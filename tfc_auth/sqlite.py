"""Wait for SQLite's lock in short steps, so that each statement that waits gets it.

SQLite itself looks for the lock less and less often, every 100 milliseconds in the end. When many write, the
lock is hardly ever free at that moment, and those who have just come take it: some wait in vain until their
time is over ("database is locked").
"""

import sqlite3
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from tfc_auth.private_files import PrivateConnection

# Seconds of SQLite's own wait, which begins anew then: in these it looks every 9 milliseconds on average.
TURN = 0.05
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)

Found = TypeVar("Found")


class Connection(PrivateConnection):
    """A connection on which statements wait for the lock as long as `timeout` says, in seconds."""

    def __init__(self, database: str, timeout: float, **kwargs: Any) -> None:
        self.patience = timeout
        super().__init__(database, timeout=min(TURN, timeout), **kwargs)

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        return super().cursor(waiting(factory))

    def execute(self, *arguments: Any) -> Any:
        return self.cursor().execute(*arguments)

    def commit(self) -> None:
        self.patiently(super().commit)

    def patiently(self, act: Callable[[], Found]) -> Found:
        """Act again as long as somebody else has the lock. Raises sqlite3.OperationalError in the end."""
        end = time.monotonic() + self.patience
        while True:
            try:
                return act()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in LOCKED or time.monotonic() > end:
                    raise


@cache
def waiting(factory: type[sqlite3.Cursor]) -> type[sqlite3.Cursor]:
    """Return this class of cursors, with statements that wait."""
    return type(f"Waiting{factory.__name__}", (WaitingCursor, factory), {})


class WaitingCursor(sqlite3.Cursor):
    connection: Connection

    def execute(self, *arguments: Any) -> Any:
        """Execute a statement. One that has found the database locked has done nothing, so it can go again.

        Within a transaction nothing is tried again: who waits there keeps others waiting.
        """
        connection = self.connection
        if connection.in_transaction:
            return super().execute(*arguments)
        return connection.patiently(lambda: super(WaitingCursor, self).execute(*arguments))
