"""Check the database itself: migrations, constraints, references, and the triggers of audit events."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import (
    BooleanField,
    CheckConstraint,
    Exists,
    ExpressionWrapper,
    Field,
    ForeignKey,
    Model,
    OuterRef,
)

from accounts.audit import guards, retention
from accounts.database import schema
from accounts.database.checks import missing, refused_by_pooler
from accounts.management.checks.tables import models
from accounts.management.doctor import Check, Note
from accounts.management.rows import named


def migrations_are_applied() -> Iterator[str]:
    # `replaces` of squashed migrations is not used here: each migration is applied by its own name.
    for app, name in schema.missing():
        yield f"the migration {app} {name} is not applied: run migrate"
    for app, name in schema.unknown():
        yield (
            f"the database has the migration {app} {name}, which this release does not know: "
            "it is that of a newer release, or of a development version"
        )


def tables_keep_their_constraints() -> Iterator[str]:
    """Check that each constraint of the models exists, and that no row breaks one."""
    for model in models():
        yield from missing_constraints(model)
        for constraint in model._meta.constraints:
            if isinstance(constraint, CheckConstraint):
                condition: Any = constraint.condition
                condition = ExpressionWrapper(condition, output_field=BooleanField())
                broken = model._base_manager.annotate(holds=condition).filter(holds=False)
                if rows := named(broken):
                    yield f"{model._meta.db_table}: {constraint.name} does not hold in {rows}"


def missing_constraints(model: type[Model]) -> Iterator[str]:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    for constraint in model._meta.constraints:
        if constraint.name not in found:
            yield f"{table}: the constraint {constraint.name} is missing"
    unique = {tuple(each["columns"]) for each in found.values() if each["unique"] or each["primary_key"]}
    for field in model._meta.concrete_fields:
        if (field.unique or field.primary_key) and (field.column,) not in unique:
            yield f"{table}: {field.column} is not unique any more"


def rows_have_their_parents() -> Iterator[str]:
    """Check that what a row refers to exists."""
    for model in models():
        for field in model._meta.concrete_fields:
            if isinstance(field, ForeignKey):
                yield from orphans(model, field)


def orphans(model: type[Model], field: "Field[Any, Any]") -> Iterator[str]:
    parent: Any = field.related_model
    parents = parent._base_manager.filter(pk=OuterRef(field.attname))
    without = model._base_manager.filter(~Exists(parents), **{f"{field.name}__isnull": False})
    if rows := named(without):
        yield f"{model._meta.db_table}.{field.column}: what it refers to is gone, in {rows}"


def audit_events_are_protected() -> Iterator[str]:
    yield from guards.unprotected()
    stored, wanted = retention.stored_days(), settings.AUDIT_RETENTION_DAYS
    if stored != wanted:
        sentence = (
            f"events are kept {in_words(stored)}, and AUDIT_RETENTION_DAYS says {in_words(wanted)}: "
            "the next run_due_work stores that"
        )
        is_shorter = stored is not None and (wanted is None or stored < wanted)
        yield sentence if is_shorter else Note(sentence)


def in_words(days: int | None) -> str:
    return "for ever" if days is None else f"for {days} days"


def connections_have_time_limits() -> Iterator[str]:
    """Check what a pooler or a changed role may have taken away: a page must not wait without end."""
    yield from missing(connection)


def pooler_keeps_prepared_statements() -> Iterator[str]:
    yield from refused_by_pooler(connection)


CHECKS = {
    "prepared statements": Check(
        pooler_keeps_prepared_statements, urgency=1, mend="check --database default"
    ),
    "time limits": Check(connections_have_time_limits, urgency=1, mend="check --database default"),
    "migrations": Check(migrations_are_applied, urgency=0, mend="migrate"),
    "constraints": Check(tables_keep_their_constraints),
    "references": Check(rows_have_their_parents),
    "audit events are protected": Check(
        audit_events_are_protected, repair=retention.restore_triggers, urgency=2, mend="doctor --reconcile"
    ),
}
