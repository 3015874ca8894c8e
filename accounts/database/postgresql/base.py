"""Give up on a server that does not answer.

The server's own time-outs end slow statements, while it can count. They do not hold while it commits, which
can wait without an end for a synchronous standby that is gone. A server that is stuck, and a pooler that
waits for one, say nothing at all. A connection that is already open would wait for ever in each case. Who
has given up does not try again before the next request: one that goes on without what it could not have
would wait twice.

A server that has become a standby, or read-only, does answer, and is given up as well: a connection that
stayed there would refuse every write, and would read what is out of date, such as sessions that have ended.

Before the first statement of a request the server is asked whether it takes writes, unless that is known
(trust.py).
"""

import time
from contextlib import suppress
from typing import Any

import psycopg
from django.core.signals import request_finished, request_started
from django.db import connections
from django.db.backends.postgresql import base
from django.dispatch import receiver
from psycopg import errors
from psycopg.pq import TransactionStatus

from accounts.database.postgresql import plans
from accounts.database.postgresql.schema import SchemaEditor
from accounts.database.postgresql.trust import Trust

# Seconds for one answer. Longer than the statement_timeout of pages, whose error is the better one.
PATIENCE = 4.5
# Seconds for the answer to "are you there?". Both of these, and connect_timeout, fit into five seconds.
QUICKLY = 1.5
UNASKED = 1.5  # for the first statement of a request that has not asked that
IN_DOUBT = 1.0  # on a new connection, after one that did not answer
TO_CANCEL = 0.4  # for telling the server that nobody waits any more
LONG = 1.0  # seconds after which a lost connection is more than one that was closed meanwhile
OVER = 5.0  # seconds after which one tries again in any case
SLOW = 0.5  # seconds; answers that took longer count for the patience of the whole request
AT_LEAST = 0.5  # for each answer after these
INTERVAL = 0.1  # seconds between two looks at signals such as Ctrl-C, as psycopg has it
OF_CONNECTIONS = "08"  # the class of SQLSTATEs; without one, it was noticed on this side
NO_ANSWER = "the database did not answer in time; what was asked may still be done"
READ_ONLY = "SHOW transaction_read_only"
WRITES = ("read-write", "primary")  # values of target_session_attrs
REFUSED_OPTIONS = "startup parameter"  # as PgBouncer words it


class Connection(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes too long: nobody can know what it still sends."""

    owner: "DatabaseWrapper"

    def wait(self, gen: Any, interval: float = INTERVAL, timeout: float | None = None) -> Any:
        began = time.monotonic()
        try:
            found = super().wait(gen, interval, self.owner.seconds_left() if timeout is None else timeout)
            self.owner.note_answer(began)
            return found
        except psycopg.InternalError as error:
            if error.sqlstate:  # the server's own
                raise
            # A pooler has told twice of a server that is gone: what comes next would answer something else.
            self.pgconn.finish()
            self.owner.trust.warn_all()
            raise psycopg.OperationalError(f"the connection is out of step: {error}") from None
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.give_up()
            if self.closed:
                self.owner.trust.warn_all()
            self.owner.note_loss(began, error)
            if isinstance(error, errors._WaitTimeout):
                raise psycopg.OperationalError(NO_ANSWER) from None
            raise
        except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
            reason = plans.refusal(error)
            if not reason:
                raise
            self.pgconn.finish()  # the next request prepares anew
            raise psycopg.OperationalError(reason) from None

    def give_up(self) -> None:
        """Close the connection. A server that waits is told, because it has room for few that wait."""
        if self.owner.patience not in (QUICKLY, IN_DOUBT):
            with suppress(psycopg.Error):
                self.cancel_safe(timeout=TO_CANCEL)
        self.pgconn.finish()


class DatabaseWrapper(base.DatabaseWrapper):
    """`patience` is how many seconds an answer may take; None is no end (accounts/database/timeouts.py)."""

    SchemaEditorClass = SchemaEditor
    patience: float | None = PATIENCE
    slow: float | None = (
        None  # seconds that slow answers have taken in this request; None outside of requests
    )
    in_doubt = False
    health_check_done: bool  # Django's
    unasked = False  # the server is trusted, and has not answered in this request
    gave_up_at: float | None = None  # of the monotonic clock

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.trust = Trust()

    def seconds_left(self) -> float | None:
        """Return how long the next answer may take: a request that has waited long waits less now."""
        if self.patience is None:
            return None
        left = min(self.patience, max(PATIENCE - self.slow, AT_LEAST)) if self.slow else self.patience
        in_request = self.slow is not None
        return min(left, UNASKED) if self.unasked and in_request else left

    def note_answer(self, began: float) -> None:
        self.unasked = False
        took = time.monotonic() - began
        if self.slow is not None and took >= SLOW:
            self.slow += took

    def note_loss(self, began: float, error: psycopg.OperationalError) -> None:
        """Give up for this request if the connection was lost after a long wait."""
        now = time.monotonic()
        if now - began >= LONG and (error.sqlstate or OF_CONNECTIONS).startswith(OF_CONNECTIONS):
            self.gave_up_at = now

    def close_if_health_check_failed(self) -> None:
        """As Django does it before the first statement of a request, unless the server is trusted."""
        if not self.health_check_done and self.trust.holds(self.connection):
            self.health_check_done = self.unasked = True
        super().close_if_health_check_failed()

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
            made = self.first_that_answers(conn_params)
        except psycopg.OperationalError as error:
            self.trust.warn_all()
            self.note_loss(began, error)
            if REFUSED_OPTIONS in str(error):
                hint = "This is a pooler such as PgBouncer: set DATABASE_POOLER=1."
                raise psycopg.OperationalError(f"{error}. {hint}") from error
            raise
        self.note_answer(began)
        self.trust.prove()
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return made

    def first_that_answers(self, conn_params: dict[str, Any]) -> Connection:
        """Connect. Of several poolers, take the first whose server takes writes.

        Of several servers libpq finds the right one. A pooler welcomes everybody, with what its server said
        some time ago, and that one may be gone.
        """
        hosts = str(conn_params.get("host", "")).split(",")
        if len(hosts) == 1 or not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            return self.asked(conn_params, with_question=self.in_doubt)
        ports = str(conn_params.get("port", "")).split(",")
        ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
        for place, (host, port) in enumerate(zip(hosts, ports, strict=True), start=1):
            one = {**conn_params, "host": host, "port": port, "target_session_attrs": "any"}
            wanted = conn_params.get("target_session_attrs", "any")
            try:
                return self.asked(one, with_question=True, writes=wanted in WRITES)
            except psycopg.OperationalError:
                if place == len(hosts):
                    raise
        raise AssertionError("a list of hosts is never empty")

    def asked(self, conn_params: dict[str, Any], *, with_question: bool, writes: bool = False) -> Connection:
        made = Connection.connect(**conn_params)
        made.owner = self
        made.prepared_max = plans.MOST
        if with_question:
            self.ask(made, writes=writes)
        return made

    def ask(self, made: Connection, *, writes: bool) -> None:
        """Have a new connection answer, or close it and raise OperationalError."""
        before, self.patience = self.patience, IN_DOUBT
        try:
            answer = made.execute(READ_ONLY).fetchone()
            made.rollback()
            if writes and answer != ("off",):
                raise psycopg.OperationalError("the server behind the pooler takes no writes")
        except psycopg.Error:
            made.close()
            raise
        finally:
            self.patience = before
        self.in_doubt, self.gave_up_at = False, None

    def make_cursor(self, cursor: Any) -> plans.PreparingCursor:
        return plans.PreparingCursor(cursor, self)

    def is_usable(self) -> bool:
        """Return whether the server answers soon, and takes writes. Django asks before the first statement of
        a request, and after an error.
        """
        before, self.patience = self.patience, QUICKLY
        try:
            usable = self.takes_writes()
        finally:
            self.patience = before
        if usable:
            self.trust.prove()
        else:
            self.trust.warn_all()
        # A new connection may still reach another server, or another way to this one.
        self.in_doubt, self.gave_up_at = self.gave_up_at is not None, None
        return usable

    def takes_writes(self) -> bool:
        if self.connection is None:
            return False
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(READ_ONLY)
                return bool(cursor.fetchone() == ("off",))
        except psycopg.Error:
            return False


def count_slow_answers(*, anew: bool) -> None:
    """Count for the request that begins in this thread, or stop counting at its end."""
    for connection in connections.all(initialized_only=True):
        if isinstance(connection, DatabaseWrapper):
            connection.slow = 0.0 if anew else None


@receiver(request_started)
def begin_request(**kwargs: Any) -> None:
    count_slow_answers(anew=True)


@receiver(request_finished)
def end_request(**kwargs: Any) -> None:
    count_slow_answers(anew=False)
