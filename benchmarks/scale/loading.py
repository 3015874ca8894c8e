"""Fill the tables with COPY, as a database looks after years: rows of people who never come in the benchmark.

Indexes that belong to no constraint are made after the rows, and foreign keys are not checked: all of it is
as it would be otherwise, and takes minutes less.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import connection
from django.db.models import AutoField, GeneratedField, Model

from accounts.database.timeouts import patience_kept

Column = Callable[[int], str]
CHUNK = 5_000  # rows
NULL = r"\N"
SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def text_of(value: Any) -> str:
    """Return a value in the text format of COPY."""
    match value:
        case None:
            return NULL
        case bool():
            return "t" if value else "f"
        case datetime():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value).translate(SPECIAL)
        case _:
            return str(value).translate(SPECIAL)


def random_hash(kind: str) -> Column:
    """Return a column of hashes: an index of them takes rows anywhere, as in reality."""
    return lambda n: sha256(f"{kind}{n}".encode()).hexdigest()


def copy(model: type[Model], numbers: range, **columns: Any) -> None:
    """Write a row for each number. A column is a value, or a function of the number that returns its text.

    Columns that are not given have the model's default.
    """
    usual = model()
    names, parts = [], []
    for field in model._meta.concrete_fields:
        if isinstance(field, GeneratedField) or (isinstance(field, AutoField) and field.name not in columns):
            continue
        given = columns.pop(field.attname, getattr(usual, field.attname))
        names.append(connection.ops.quote_name(field.column))
        parts.append(given if callable(given) else text_of(given))
    assert not columns, f"{model.__name__} has no {', '.join(columns)}"
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        statement = f"COPY {table} ({', '.join(names)}) FROM STDIN"
        with cursor.connection.cursor().copy(statement) as stream:
            for start in range(numbers.start, numbers.stop, CHUNK):
                some = range(start, min(start + CHUNK, numbers.stop))
                stream.write("".join(lines(parts, some)))


def lines(parts: list[Any], numbers: range) -> Iterator[str]:
    for number in numbers:
        yield "\t".join(part if part.__class__ is str else part(number) for part in parts) + "\n"


@contextmanager
def patient() -> Iterator[Any]:
    """Yield a cursor. No statement of the block has a time limit."""
    with patience_kept(connection) as has_patience, connection.cursor() as cursor:
        has_patience()
        cursor.execute("SET statement_timeout = 0")
        yield cursor
    connection.close()


@contextmanager
def loading() -> Iterator[None]:
    """Drop what slows the block down, and make it anew afterwards; then vacuum and analyze everything."""
    with patient() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("SET session_replication_role = replica")
        indexes = free_indexes(cursor)
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
        yield
        for _name, definition in indexes:
            cursor.execute(definition)
        set_sequences(cursor)
    vacuum()


def vacuum() -> None:
    with patient() as cursor:
        cursor.execute("VACUUM ANALYZE")


def free_indexes(cursor: Any) -> list[tuple[str, str]]:
    """Return name and definition of the indexes that belong to no constraint."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
        "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)"
    )
    return list(cursor.fetchall())


def set_sequences(cursor: Any) -> None:
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND is_identity = 'YES'"
    )
    for table, column in cursor.fetchall():
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) FROM {table} "
            f"HAVING max({column}) IS NOT NULL"
        )
