"""Provide the databases of the sites: SQLite files, or databases of a PostgreSQL that syncs its commits."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psycopg

from tests.support import postgres

# The tests' server may lose data; this one must include the cost of durability.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}


class Database(Protocol):
    name: str

    def create(self, name: str) -> str:
        """Create an empty database; return its DATABASE_URL."""

    def execute(self, name: str, sql: str) -> None:
        """Execute a statement in this database and commit."""


class SQLite:
    name = "SQLite"

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


class PostgreSQL:
    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self.url = url  # postgres://postgres@/postgres?host=...

    def url_of(self, name: str) -> str:
        return self.url.replace("/postgres?", f"/{name}?")

    def create(self, name: str) -> str:
        self.run(self.url, f"CREATE DATABASE {name}")
        return self.url_of(name)

    def execute(self, name: str, sql: str) -> None:
        self.run(self.url_of(name), sql)

    def run(self, url: str, sql: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[arg-type]


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
        yield PostgreSQL(url)
    finally:
        server.stop()
