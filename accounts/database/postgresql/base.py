"""Give up on a server that does not answer.

The server's own time-outs end slow statements, while it can count. A server that is stuck, and a pooler that
waits for one, say nothing at all, and a connection that is already open would wait for ever. Who has given up
does not try again before the next request: one that goes on without what it could not have would wait twice.
"""

import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

# Seconds for one answer. Longer than the statement_timeout of pages, whose error is the better one.
PATIENCE = 4.5
# Seconds for the answer to "are you there?". Both of these, and connect_timeout, fit into five seconds.
QUICKLY = 1.5
IN_DOUBT = 1.0  # on a new connection, after one that did not answer
LONG = 1.0  # seconds after which a lost connection is more than one that was closed meanwhile
OVER = 5.0  # seconds after which one tries again in any case
INTERVAL = 0.1  # seconds between two looks at signals such as Ctrl-C, as psycopg has it
OF_CONNECTIONS = "08"  # the class of SQLSTATEs; without one, it was noticed on this side
REFUSED_OPTIONS = "startup parameter"  # as PgBouncer words it


class Connection(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes too long: nobody can know what it still sends."""

    owner: "DatabaseWrapper"

    def wait(self, gen: Any, interval: float = INTERVAL, timeout: float | None = None) -> Any:
        began = time.monotonic()
        try:
            return super().wait(gen, interval, self.owner.patience if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            self.owner.note_loss(began, error)
            raise


class DatabaseWrapper(base.DatabaseWrapper):
    """`patience` is how many seconds an answer may take; None is no end (accounts/database/timeouts.py)."""

    patience: float | None = PATIENCE
    in_doubt = False
    gave_up_at: float | None = None  # of the monotonic clock

    def note_loss(self, began: float, error: psycopg.OperationalError) -> None:
        """Give up for this request if the connection was lost after a long wait."""
        now = time.monotonic()
        if now - began >= LONG and (error.sqlstate or OF_CONNECTIONS).startswith(OF_CONNECTIONS):
            self.gave_up_at = now

    def close_if_unusable_or_obsolete(self) -> None:
        """As Django does it at the start and at the end of each request: this is a new attempt."""
        self.gave_up_at = None
        super().close_if_unusable_or_obsolete()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        """Connect. Raises OperationalError, also if the server takes the connection and answers nothing."""
        began = time.monotonic()
        if self.gave_up_at is not None and began - self.gave_up_at < OVER:
            raise psycopg.OperationalError("the server has just not answered")
        try:
            made = Connection.connect(**conn_params)
        except psycopg.OperationalError as error:
            self.note_loss(began, error)
            if REFUSED_OPTIONS in str(error):
                hint = "This is a pooler such as PgBouncer: set DATABASE_POOLER=1."
                raise psycopg.OperationalError(f"{error}. {hint}") from error
            raise
        made.owner = self
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        if self.in_doubt:
            self.ask(made)
        return made

    def ask(self, made: Connection) -> None:
        """Have a new connection answer, or close it and raise OperationalError."""
        before, self.patience = self.patience, IN_DOUBT
        try:
            made.execute("SELECT 1")
            made.rollback()
        except psycopg.Error:
            made.close()
            raise
        finally:
            self.patience = before
        self.in_doubt = False

    def is_usable(self) -> bool:
        """Return whether the connection answers, and soon."""
        before, self.patience = self.patience, QUICKLY
        try:
            usable = bool(super().is_usable())
        finally:
            self.patience = before
        # A new connection may still reach another server, or another way to this one.
        self.in_doubt, self.gave_up_at = self.gave_up_at is not None, None
        return usable
