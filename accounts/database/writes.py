"""Inserts and updates of one row whose SQL is written once. Prepared reads are in prepared.py (record 11).

Each login makes three inserts and an update of this kind. Fields turn values into what the database takes, as
Django's own compiler has them do. An insert sends `pre_save` (by which the demo dates what it makes); nothing
else of `Model.save()` happens. So `update` takes no model whose queryset does more than Django's.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models.signals import pre_save

from accounts.database.postgresql.plans import PreparedSQL


def insert(row: models.Model) -> None:
    """Write a new row and set its primary key, which the database chooses."""
    pre_save.send(type(row), instance=row, raw=False, using=connection.alias, update_fields=None)
    fields = written_fields(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    with connection.cursor() as cursor:
        if connection.features.can_return_columns_from_insert:
            cursor.execute(insert_sql(type(row), returning=True), values)
            row.pk = cursor.fetchone()[0]
        else:
            cursor.execute(insert_sql(type(row), returning=False), values)
            row.pk = cursor.lastrowid
    row._state.adding, row._state.db = False, connection.alias


def update(model: Any, where: Mapping[str, Any], changes: Mapping[str, Any]) -> int:
    """Change the rows whose fields have these values; return how many there were."""
    values = [value_for(model, name, value) for name, value in [*changes.items(), *where.items()]]
    with connection.cursor() as cursor:
        cursor.execute(update_sql(model, tuple(changes), tuple(where)), values)
        return int(cursor.rowcount)


def value_for(model: Any, name: str, value: Any) -> Any:
    """Return what the database takes for a value of this field."""
    field = model._meta.get_field(name)
    if isinstance(value, models.Model):
        value = value.pk
    return field.get_db_prep_save(value, connection)


@cache
def written_fields(model: Any) -> list[Any]:
    return [field for field in model._meta.local_concrete_fields if field is not model._meta.pk]


@cache
def insert_sql(model: Any, *, returning: bool) -> str:
    names = [quoted(field.column) for field in written_fields(model)]
    places = ", ".join(["%s"] * len(names))
    sql = f"INSERT INTO {quoted(model._meta.db_table)} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - no value
    return PreparedSQL(f"{sql} RETURNING {quoted(model._meta.pk.column)}" if returning else sql)


@cache
def update_sql(model: Any, changes: tuple[str, ...], where: tuple[str, ...]) -> str:
    if type(model._default_manager.get_queryset()).update is not models.QuerySet.update:
        raise TypeError(f"updates of {model.__name__} do more than this: use its queryset")
    sets = ", ".join(f"{column(model, name)} = %s" for name in changes)
    conditions = " AND ".join(f"{column(model, name)} = %s" for name in where)
    return PreparedSQL(f"UPDATE {quoted(model._meta.db_table)} SET {sets} WHERE {conditions}")  # noqa: S608 - no value


def column(model: Any, name: str) -> str:
    return quoted(model._meta.get_field(name).column)


def quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))
