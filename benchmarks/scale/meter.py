"""Measure what the process and its database do for one action."""

import cProfile
import pstats
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from django.db import close_old_connections

from accounts.outbox import threads
from benchmarks.scale.mails import Backend

SLOW = 2.0  # seconds; what takes longer is done once
# Of those that an action sends. A mail to all members goes on for hours, in the background.
MOST_MAILS = 10
# Without what begins and ends transactions.
SUMS = """
SELECT coalesce(sum(calls), 0), coalesce(sum(shared_blks_hit + shared_blks_read), 0),
    coalesce(sum(total_exec_time), 0)
FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = %s)
    AND query !~* '^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|RESET|SELECT set_config)'
"""


class Unexpected(Exception):
    """The product gave another answer than the action is about."""


@dataclass
class Cost:
    """Of one action at one size; `failure` says why there is none. Times are in milliseconds."""

    statements: int = 0
    blocks: int = 0
    database_ms: float = 0
    ms: float = 0
    calls: int | None = None
    failure: str = ""


class Meter:
    """Reads pg_stat_statements through a connection to another database, so that it never counts itself."""

    def __init__(self, url: str, database: str, times: int) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.database = database
        self.times = times

    def measure(self, act: Callable[[int], object], prepare: Callable[[int], object] | None) -> Cost:
        """Act so often: to warm up, to count, and to count function calls. Slow actions act once."""
        cost = Cost()
        try:
            for number in range(self.times):
                close_old_connections()  # as a server does before each request
                if prepare:
                    prepare(number)
                if number == 2:
                    cost.calls = self.calls(act, number)
                else:
                    cost = self.cost(act, number)
                    if cost.ms > SLOW * 1000:
                        break
        except Exception as error:  # the others go on, and the table names it
            return Cost(
                failure=str(error) if isinstance(error, Unexpected) else f"{type(error).__name__}: {error}"
            )
        finally:
            close_old_connections()
        return cost

    def cost(self, act: Callable[[int], object], number: int) -> Cost:
        self.connection.execute("SELECT pg_stat_statements_reset()")
        Backend.left = MOST_MAILS
        began = time.perf_counter()
        act(number)
        threads.wait_until_idle()
        seconds = time.perf_counter() - began
        row = self.connection.execute(SUMS, [self.database]).fetchone()
        assert row is not None
        statements, blocks, milliseconds = row
        return Cost(int(statements), int(blocks), float(milliseconds), seconds * 1000)

    def calls(self, act: Callable[[int], object], number: int) -> int:
        Backend.left = MOST_MAILS
        profile = cProfile.Profile()
        profile.enable()
        act(number)
        profile.disable()
        threads.wait_until_idle()
        return int(pstats.Stats(profile).total_calls)
