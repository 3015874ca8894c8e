"""Check that tables have the columns and indexes of the models, and that each value could be stored again.

A constraint with the right name may say something else, and an index may have let duplicates in (PostgreSQL's
do when the collation of the system changes), so this reads the rows as well.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import (
    CharField,
    Count,
    Expression,
    F,
    Field,
    GeneratedField,
    Min,
    Model,
    Q,
    UniqueConstraint,
)

from accounts.management.doctor import Check
from accounts.management.rows import named


def models() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def tables_are_as_in_the_models() -> Iterator[str]:
    """Check columns and indexes: a migration may have been marked as applied, or changed afterwards."""
    for model in models():
        table = model._meta.db_table
        with connection.cursor() as cursor:
            columns = {found.name: found for found in describe(cursor, table)}
            indexes = connection.introspection.get_constraints(cursor, table)
        for field in model._meta.concrete_fields:
            yield from column_problems(table, field, columns.pop(field.column, None))
        for name, found in columns.items():
            if not found.null_ok and found.default is None:
                yield f"{table}: no model knows the column {name}, and it must not be empty"
        for index in model._meta.indexes:
            if index.name not in indexes:
                yield f"{table}: the index {index.name} is missing, so pages are slow"


def describe(cursor: Any, table: str) -> list[Any]:
    found: list[Any] = connection.introspection.get_table_description(cursor, table)
    return found


def column_problems(table: str, field: "Field[Any, Any]", found: Any) -> Iterator[str]:
    if found is None:
        yield f"{table}: the column {field.column} is missing"
        return
    if isinstance(field, GeneratedField):
        return
    if found.null_ok != field.null:
        says = "may" if found.null_ok else "must not"
        yield f"{table}: {field.column} {says} be empty, unlike in the model"
    if isinstance(field, CharField) and found.display_size not in (None, -1, field.max_length):
        yield f"{table}: {field.column} takes {found.display_size} characters, not {field.max_length}"


def values_are_possible() -> Iterator[str]:
    """Check that no value is missing that must be there, is not one of the choices, or is there twice."""
    for model in models():
        yield from missing_values(model)
        yield from unknown_choices(model)
        yield from duplicates(model)


def missing_values(model: type[Model]) -> Iterator[str]:
    required = [field for field in model._meta.concrete_fields if not field.null]
    some_missing = Q()
    for field in required:
        some_missing |= Q(**{f"{field.attname}__isnull": True})
    if not model._base_manager.filter(some_missing).exists():
        return
    for field in required:
        if rows := named(model._base_manager.filter(**{f"{field.attname}__isnull": True})):
            yield f"{model._meta.db_table}.{field.column} is empty in {rows}"


def unknown_choices(model: type[Model]) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        if not field.choices:
            continue
        allowed = [value for value, _label in field.flatchoices] + ([""] if field.blank else [])
        others = model._base_manager.exclude(**{f"{field.attname}__in": allowed})
        if rows := named(others.filter(**{f"{field.attname}__isnull": False})):
            yield f"{model._meta.db_table}.{field.column} is none of its choices in {rows}"


def duplicates(model: type[Model]) -> Iterator[str]:
    for name, columns, condition in unique_keys(model):
        keys = {f"key_{number}": column for number, column in enumerate(columns)}
        # NULL is equal to nothing, so it may be there more than once.
        rows = model._base_manager.annotate(**keys).filter(
            condition, **{f"{key}__isnull": False for key in keys}
        )
        found = rows.order_by().values(*keys).annotate(number=Count("pk"), first=Min("pk"))
        more_than_one = found.filter(number__gt=1).order_by("first")
        if first := more_than_one.values_list("first", "number").first():
            pk, number = first
            yield (
                f"{model._meta.db_table}: {name} does not hold: {number} rows have what row {pk} has"
                f"{', and there are others' if more_than_one.count() > 1 else ''}"
            )


def unique_keys(model: type[Model]) -> Iterator[tuple[str, list[Expression | F], Q]]:
    """Yield what must be unique: a name for it, its columns, and for which rows."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            columns = [F(field) for field in constraint.fields]
            expressions = [as_expression(expression) for expression in constraint.expressions]
            yield constraint.name, [*columns, *expressions], constraint.condition or Q()
    for fields in model._meta.unique_together:
        yield f"that {' and '.join(fields)} are unique", [F(field) for field in fields], Q()
    for field in model._meta.concrete_fields:
        if field.unique and not field.primary_key:
            yield f"that {field.column} is unique", [F(field.attname)], Q()


def as_expression(expression: Any) -> Any:
    return F(expression) if isinstance(expression, str) else expression


CHECKS = {
    "tables": Check(tables_are_as_in_the_models),
    "values": Check(values_are_possible),
}
