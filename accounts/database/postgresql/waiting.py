"""Connections that do not wait for ever.

The server's own time limit for statements does not hold while it commits. A commit can wait without an end,
for a synchronous standby that is gone, for example. Then each thread of the site would wait, and nobody would
get a page any more.
"""

from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors

SECONDS = 4.5  # less than the five within which a page must say that the database is away
SECONDS_TO_CANCEL = 0.5
NO_ANSWER = "the database did not answer in time; what was asked may still be done"


class Connection(psycopg.Connection[Any]):
    """Waits SECONDS for a commit, and for a statement outside of transactions, and is closed then.

    Inside a transaction the server's limit holds. A transaction that is `unhurried` may commit for long, too.
    """

    seconds = SECONDS
    unhurried = False
    limit: float | None = None  # seconds, of what is done now

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Return the server's answer. Raises OperationalError if none comes in time: nobody knows, then,
        whether it was done.
        """
        if timeout is None:
            timeout = self.seconds if self.autocommit and self.limit is None else self.limit
        try:
            return super().wait(gen, interval, timeout)
        except errors._WaitTimeout:
            self.give_up()
            raise psycopg.OperationalError(NO_ANSWER) from None

    def commit(self) -> None:
        if not self.unhurried:
            self.limit = self.seconds
        try:
            super().commit()
        finally:
            self.limit, self.unhurried = None, False

    def rollback(self) -> None:
        self.unhurried = False
        super().rollback()

    def give_up(self) -> None:
        """Close the connection. The server is told, because it would go on waiting, and has room for few."""
        with suppress(psycopg.Error):
            self.cancel_safe(timeout=SECONDS_TO_CANCEL)
        self.close()


class Driver:
    """The driver as Django knows it, with the connections above."""

    connect = Connection.connect

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)
