"""Know without asking whether the server of an open connection still answers, and takes writes.

To ask before the first statement of each request would cost a round trip each time, and a login is several
requests. So a server is asked when it has not said so for a moment, and when there is any doubt
(docs/decisions/0023-a-server-is-trusted-for-a-moment.md).
"""

import select
import time
from typing import Any, ClassVar

import psycopg

# Seconds for which a server is believed. So the question costs at most one round trip in two seconds, and no
# standby takes over in less than that.
LASTS = 2.0
REPORTED = (
    "default_transaction_read_only",
    "in_hot_standby",
)  # PostgreSQL tells changes with its next answer


class Trust:
    """What is known of the server of one connection."""

    warned_at: ClassVar[float] = 0.0  # of the monotonic clock, for all connections of this process

    def __init__(self) -> None:
        self.proved_at = 0.0  # of the monotonic clock

    def prove(self) -> None:
        """Note that the server has just said that it takes writes, or has taken the connection."""
        self.proved_at = time.monotonic()

    @classmethod
    def warn_all(cls) -> None:
        """Have each connection of this process ask before it is used again: one was lost, or given up."""
        cls.warned_at = time.monotonic()

    def holds(self, connection: psycopg.Connection[Any] | None) -> bool:
        """Return whether this connection can be used without asking its server first."""
        if connection is None or connection.closed:
            return False
        if self.proved_at <= max(self.warned_at, time.monotonic() - LASTS):
            return False
        told = [connection.info.parameter_status(name) for name in REPORTED]
        return "on" not in told and not has_arrived(connection.fileno())


def has_arrived(descriptor: int) -> bool:
    """Return whether something waits to be read on this socket: a message, its end, or an error.

    A server that ends a connection says so, and the kernel says it of one whose packets are not answered.
    """
    looking = select.poll()
    looking.register(descriptor, select.POLLIN)
    return bool(looking.poll(0))
