"""Check what is lost if a standby of PostgreSQL takes over, and whether commits wait for one that is gone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.management.doctor import Check, Note

LATE_SECONDS = 10
LATE_BYTES = 16 * 1024 * 1024  # one file of the server's log
LOST = "what was answered last is lost, and recovery codes that were used are good again"
WAITING = ("on", "remote_apply", "remote_write")  # values of synchronous_commit that wait for a standby

STANDBYS = """
    SELECT application_name, state, sync_state, extract(epoch FROM replay_lag)::float8,
        pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint
    FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup' ORDER BY 1
"""
UNUSED_SLOTS = (
    "SELECT slot_name FROM pg_replication_slots WHERE NOT active AND slot_type = 'physical' ORDER BY 1"
)


@dataclass(frozen=True)
class Standby:
    """A server that is attached; all but its presence is hidden from roles without pg_monitor."""

    name: str | None
    state: str | None
    sync_state: str | None
    seconds: float | None
    bytes: int | None

    @property
    def is_waited_for(self) -> bool:
        return self.sync_state in ("sync", "quorum")

    @property
    def is_late(self) -> bool:
        return (self.seconds or 0) > LATE_SECONDS or (self.bytes or 0) > LATE_BYTES


def standbys_have_everything() -> Iterator[str]:
    if connection.vendor != "postgresql":
        return
    if ask("SELECT pg_is_in_recovery()")[0][0]:
        yield "this server is a standby and takes no writes: DATABASE_URL has to lead to the primary"
        return
    commits, names = ask(
        "SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names')"
    )[0]
    standbys = [Standby(*row) for row in ask(STANDBYS)]
    yield from commits_wait_for(standbys, commits, names)
    for standby in standbys:
        if standby.is_late:
            yield Note(
                f"the standby {standby.name} is {standby.seconds or 0:.0f} seconds and "
                f"{(standby.bytes or 0) // 1024} KiB behind"
            )
    for (slot,) in ask(UNUSED_SLOTS):
        yield Note(f"no standby uses the slot {slot}: the server keeps its log for it until the disk is full")


def commits_wait_for(standbys: list[Standby], commits: str, names: str) -> Iterator[str]:
    """Compare what commits wait for with what is attached."""
    waits = commits in WAITING
    if any(standby.state is None for standby in standbys):
        yield Note(
            "standbys are attached, and how far they are is hidden from this role: GRANT pg_monitor TO it"
        )
    elif waits and names and sum(standby.is_waited_for for standby in standbys) < number_of(names):
        yield (
            f"commits wait for {names} (synchronous_standby_names), which is not attached, so nothing can be "
            "changed: start the standby, or go on without it (ALTER SYSTEM RESET synchronous_standby_names, "
            "then SELECT pg_reload_conf())"
        )
    if standbys and not (waits and names):
        setting = "synchronous_standby_names is empty" if waits else f"synchronous_commit is {commits}"
        yield Note(f"commits wait for no standby ({setting}): if one is promoted, {LOST}")


def number_of(names: str) -> int:
    """Return how many standbys synchronous_standby_names asks for."""
    found = re.match(r"\s*(?:FIRST\b|ANY\b)?\s*(\d+)\s*\(", names, re.IGNORECASE)
    return int(found[1]) if found else 1


def ask(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


CHECKS = {"standbys": Check(standbys_have_everything)}
