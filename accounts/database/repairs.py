"""Repairs of tables that were made by an older text of a migration.

Migrations do not change once they have landed. A few did, before the first release, so databases from before
the change have other columns than those from after it. A repair looks at the database, and changes nothing
where there is nothing to repair.
"""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from accounts.database.columns import counting_on

Step = Callable[[Any, BaseDatabaseSchemaEditor], None]


def widen(app_label: str, model_name: str, name: str) -> Step:
    """Return a step for RunPython that makes a text column as long as the model says, if it is shorter."""

    def step(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        model = apps.get_model(app_label, model_name)
        field = model._meta.get_field(name)
        length = columns(schema_editor, model)[field.column].display_size
        if not length or length >= field.max_length:
            return
        former = field.clone()
        former.set_attributes_from_name(name)
        former.model, former.max_length = model, length
        with counting_on(schema_editor, model._meta.db_table):
            schema_editor.alter_field(model, former, field)

    return step


def add_missing(app_label: str, model_name: str, name: str) -> Step:
    """Return a step for RunPython that adds a column of the model, if the table lacks it."""

    def step(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        model = apps.get_model(app_label, model_name)
        field = model._meta.get_field(name)
        if field.column in columns(schema_editor, model):
            return
        with counting_on(schema_editor, model._meta.db_table):
            schema_editor.add_field(model, field)

    return step


def columns(schema_editor: BaseDatabaseSchemaEditor, model: Any) -> dict[str, Any]:
    """Return what the database says of the columns of this model's table, by their names."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, model._meta.db_table)
    return {column.name: column for column in found}
