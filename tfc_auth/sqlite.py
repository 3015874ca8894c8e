"""Have transactions wait for SQLite's lock in the order of coming, and in short steps, so that each gets it.

SQLite itself looks for the lock less and less often, every 100 milliseconds in the end. When many write, the
lock is hardly ever free at that moment, and those who have just come take it: some wait in vain until their
time is over ("database is locked"). So the threads of a process queue, and only the first of them looks for
the lock, every few milliseconds. Processes don't know of each other, but in each of them one thread looks, so
all have the same chance.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from tfc_auth.private_files import PrivateConnection

# Seconds of SQLite's own wait, which begins anew then: in these it looks at once, after 1 and 3 milliseconds.
TURN = 0.003
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)

Found = TypeVar("Found")


class Queue:
    """The threads of this process that wait for the lock, in the order in which they came."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.waiting: deque[threading.Event] = deque()

    @contextmanager
    def first(self, end: float) -> Iterator[None]:
        """Wait until all who came before have what they wait for, or until `end` (of the monotonic clock)."""
        ours = threading.Event()
        with self.guard:
            self.waiting.append(ours)
            self.waiting[0].set()
        try:
            ours.wait(max(0.0, end - time.monotonic()))
            yield
        finally:
            with self.guard:
                self.waiting.remove(ours)
                if self.waiting:
                    self.waiting[0].set()


queue = Queue()


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
        self.again_until(time.monotonic() + self.patience, super().commit)

    def patiently(self, act: Callable[[], Found], *, wants_lock: bool = False) -> Found:
        """Act again as long as somebody else has the lock. Raises sqlite3.OperationalError in the end.

        What is known to want the lock passes nobody who waits for it.
        """
        if not (wants_lock and queue.waiting):
            try:
                return act()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in LOCKED:
                    raise
        end = time.monotonic() + self.patience
        with queue.first(end):
            return self.again_until(end, act)

    def again_until(self, end: float, act: Callable[[], Found]) -> Found:
        """A commit queues behind nobody: those who wait, wait for it."""
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
        begins = arguments[0].startswith("BEGIN")
        return connection.patiently(lambda: super(WaitingCursor, self).execute(*arguments), wants_lock=begins)
