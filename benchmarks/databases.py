"""Provide the databases of the sites: SQLite files, or databases of a PostgreSQL that syncs its commits."""

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg

from benchmarks import meters
from benchmarks.meters import Rows
from tests.support import postgres, server_log

# The tests' server may lose data; this one must include the cost of durability. It is vacuumed and analyzed
# between the rounds instead of at any time, and has no checkpoint, after which the log would repeat pages.
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "16GB",
}
SECONDS_TO_RELOAD = 0.5
SECONDS_TO_REPORT = 11  # after ten seconds without work, a backend adds what it counted to the statistics


class Database(Protocol):
    name: str
    has_server: bool  # whose CPU time, log and statistics are measured

    def create(self, name: str) -> str:
        """Create an empty database; return its DATABASE_URL."""

    def execute(self, name: str, sql: str) -> None:
        """Execute a statement in this database and commit."""

    def cpu_seconds(self, name: str) -> float:
        """Return the CPU time that the server's processes for this database have used."""

    def log_bytes(self) -> int:
        """Return the length of the write-ahead log so far."""

    def rows(self, name: str) -> Rows:
        """Return what has been written to this database so far."""

    def settle(self) -> None:
        """Wait until `rows` has everything."""

    def tidy(self, name: str) -> None:
        """Do what a server does at its own time."""

    def statements(self, name: str) -> contextlib.AbstractContextManager[list[dict[str, Any]]]:
        """Return a block at whose end a list has all statements that the server was sent meanwhile."""


class SQLite:
    """All its work is the site's own, and there is no wire."""

    name = "SQLite"
    has_server = False

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def create(self, name: str) -> str:
        return f"sqlite:///{self.directory / name}.sqlite3"

    def execute(self, name: str, sql: str) -> None:
        with contextlib.closing(
            sqlite3.connect(self.directory / f"{name}.sqlite3", timeout=30)
        ) as connection:
            connection.execute(sql)
            connection.commit()

    def cpu_seconds(self, name: str) -> float:
        return 0.0

    def log_bytes(self) -> int:
        return 0

    def rows(self, name: str) -> Rows:
        return Rows()

    def settle(self) -> None:
        pass

    def tidy(self, name: str) -> None:
        pass

    @contextlib.contextmanager
    def statements(self, name: str) -> Iterator[list[dict[str, Any]]]:
        yield []


class PostgreSQL:
    name = "PostgreSQL"
    has_server = True

    def __init__(self, url: str, pid: int) -> None:
        self.url = url  # postgres://postgres@/postgres?host=...
        self.pid = pid  # of the process whose children serve the connections
        self.own = psycopg.connect(url, autocommit=True)

    def url_of(self, name: str) -> str:
        return self.url.replace("/postgres?", f"/{name}?")

    def create(self, name: str) -> str:
        self.own.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return self.url_of(name)

    def execute(self, name: str, sql: str) -> None:
        with psycopg.connect(self.url_of(name), autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[arg-type]

    def cpu_seconds(self, name: str) -> float:
        """Of processes that have ended it is known for all databases together: one is at work at a time."""
        found = self.own.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name]).fetchall()
        total = meters.ticks_of_ended_children(self.pid)
        for (pid,) in found:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended just now
                total += meters.seconds_of(pid)
        return total

    def log_bytes(self) -> int:
        found: Any = self.own.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
        return int(found[0])

    def rows(self, name: str) -> Rows:
        asked = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), sum(n_tup_upd + n_tup_del)"
        with psycopg.connect(self.url_of(name), autocommit=True) as connection:
            found: Any = connection.execute(f"{asked} FROM pg_stat_user_tables").fetchone()
        return Rows(written=int(found[0]), dead=int(found[1]))

    def settle(self) -> None:
        time.sleep(SECONDS_TO_REPORT)

    def tidy(self, name: str) -> None:
        self.execute(name, "VACUUM (ANALYZE)")

    @contextlib.contextmanager
    def statements(self, name: str) -> Iterator[list[dict[str, Any]]]:
        """The server's own log says what it was sent. Nothing is measured meanwhile: logging costs time."""
        path = server_log.path_of(self.url)
        assert path is not None
        found: list[dict[str, Any]] = []
        self.configure("log_statement = 'all'")
        begin = path.stat().st_size
        try:
            yield found
            found += server_log.read_statements(path, begin, name)
        finally:
            self.configure("log_statement = 'none'")

    def configure(self, setting: str) -> None:
        self.own.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[arg-type]
        self.own.execute("SELECT pg_reload_conf()")
        time.sleep(SECONDS_TO_RELOAD)


@contextlib.contextmanager
def sqlite() -> Iterator[SQLite]:
    directory = Path(tempfile.mkdtemp(prefix="tfc-auth-bench-"))
    try:
        yield SQLite(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Start a PostgreSQL server for the block. Raises tests.support.postgres.Unavailable."""
    url, server = postgres.start(postgres.SETTINGS | DURABLE)
    try:
        yield PostgreSQL(url, server.pid)
    finally:
        server.stop()
