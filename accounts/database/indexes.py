"""Indexes of a kind that Django does not have, and operations of migrations on indexes."""

from typing import Any

from django.db import connections, migrations, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Of PostgreSQL: what serves LIKE in any locale. On SQLite every index compares bytes.
BY_BEGINNING = "varchar_pattern_ops"


class BeginningIndex(models.Index):
    """An index of one expression for searches by a beginning: `BeginningIndex(Lower("name"), name="x")`."""

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        statement: Any = super().create_sql(model, schema_editor, using=using, **kwargs)
        if schema_editor.connection.vendor == "postgresql":
            statement.parts["columns"] = f"{statement.parts['columns']} {BY_BEGINNING}"
        return statement


class RemoveColumnIndex(migrations.AlterField):
    """Have a column without the index that `db_index` made, and leave the table alone.

    Django's AlterField makes the table anew on SQLite, without the triggers that it has.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        column = model._meta.get_field(self.name).column
        for name in indexes_of(schema_editor, model, column):
            schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(name)}")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        field = model._meta.get_field(self.name)
        schema_editor.execute(schema_editor._create_index_sql(model, fields=[field]))


class OnSQLite:
    """A part of an operation on an index that only SQLite's text of it needs; others only remember it."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)  # type: ignore[misc]

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            super().database_backwards(app_label, schema_editor, from_state, to_state)  # type: ignore[misc]


class RemoveIndexOnSQLite(OnSQLite, migrations.RemoveIndex):
    """Remove an index, to be made anew with another text."""


class AddIndexOnSQLite(OnSQLite, migrations.AddIndex):
    """Make an index anew, of which other databases have the same text as before."""


def indexes_of(schema_editor: Any, model: Any, column: str) -> list[str]:
    """Return the names of the indexes of this one column that belong to no constraint and to no Meta."""
    kept = {index.name for index in model._meta.indexes} | {each.name for each in model._meta.constraints}
    names: list[str] = schema_editor._constraint_names(
        model, [column], index=True, unique=False, primary_key=False, exclude=kept
    )
    return names


TWINS = """
SELECT quote_ident(index.relname) FROM pg_index
JOIN pg_class AS index ON index.oid = pg_index.indexrelid
JOIN pg_class AS owner ON owner.oid = pg_index.indrelid
WHERE owner.relnamespace = current_schema()::regnamespace AND owner.relname = ANY(%s)
AND index.relname LIKE '%%\\_like' AND NOT indisunique AND indnatts = 1
AND EXISTS (SELECT FROM pg_opclass WHERE oid = indclass[0] AND opcname LIKE '%%\\_pattern\\_ops')
"""


def drop_twins(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop what Django made for searches by a beginning (accounts/database/postgresql/schema.py).

    For a migration with `atomic = False`: one table is locked at a time, and it can begin anew.
    """
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    tables = connections[connection.alias].introspection.django_table_names(only_existing=True)
    with connection.cursor() as cursor:
        cursor.execute(TWINS, [tables])
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX IF EXISTS {name}")
