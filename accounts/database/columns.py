"""Add and change columns, and add constraints, without giving an id to two rows.

SQLite rebuilds the table for that, and would count from the largest id that is left: rows that were
deleted before would lend their ids to new ones. Ids are never reused (accounts/models/public_ids.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation


class CountingOn(Operation):
    """An operation on a table that goes on counting where the table was, forwards and backwards."""

    model_name: str

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        with counting_on(schema_editor, self.table(app_label, to_state)):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        with counting_on(schema_editor, self.table(app_label, to_state)):
            super().database_backwards(app_label, schema_editor, from_state, to_state)

    def table(self, app_label: str, state: Any) -> str:
        name: str = state.apps.get_model(app_label, self.model_name)._meta.db_table
        return name


class AddColumn(CountingOn, migrations.AddField):
    pass


class AlterColumn(CountingOn, migrations.AlterField):
    pass


class AddCheck(CountingOn, migrations.AddConstraint):
    pass


@contextmanager
def counting_on(schema_editor: BaseDatabaseSchemaEditor, table: str) -> Iterator[None]:
    """Keep the last id that SQLite has given in this table while the block rebuilds it."""
    if schema_editor.connection.vendor != "sqlite":
        yield
        return
    last = last_id(schema_editor.connection, table)
    yield
    if last:
        schema_editor.execute("DELETE FROM sqlite_sequence WHERE name = %s", (table,))
        schema_editor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", (table, last))


def last_id(connection: BaseDatabaseWrapper, table: str) -> int:
    """Return the last id that SQLite has given in this table; 0 if none, or if `sqlmigrate` has no table."""
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return 0
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
    return row[0] if row else 0
