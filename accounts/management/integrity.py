"""What `doctor` asks of the database itself: triggers, migrations, and rows of the future."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import Error, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.audit import append_only
from accounts.models import AuditEvent

# Clocks of several servers differ by seconds.
TOLERANCE = timedelta(minutes=10)
# Times that are meant to lie ahead; all others say when something happened.
AHEAD = ("expires_at", "resets_at", "due_at", "closes_at", "_until")


def events_are_append_only() -> Iterator[str]:
    """Check that the triggers are there, and that they refuse to change the newest event."""
    for name in append_only.missing_triggers(connection):
        yield f"the trigger {name} is missing: `manage.py migrate` creates it again"
    newest = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is not None and can_be_changed(newest):
        yield "an audit event can be changed"


def can_be_changed(pk: int) -> bool:
    """Return whether the database lets an event be changed; change nothing."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                changed = AuditEvent.objects.filter(pk=pk).update(actor=F("actor"))
        except Error:  # refused by the trigger, or for lack of a right to UPDATE
            return False
        transaction.set_rollback(True)
    return changed > 0


def migrations_are_applied() -> Iterator[str]:
    loader = MigrationLoader(connection)
    for app, name in sorted(loader.graph.nodes.keys() - loader.applied_migrations.keys()):
        yield f"the migration {app}.{name} has not been applied: run `manage.py migrate`"


def nothing_is_of_the_future() -> Iterator[str]:
    """Check that what happened did not happen later than now: else the clock was wrong, or is (D43)."""
    later = timezone.now() + TOLERANCE
    for model in apps.get_models():
        names = [field.name for field in times_of(model)]
        rows = model._default_manager.aggregate(
            **{f"of_{name}": Count("pk", filter=Q(**{f"{name}__gt": later})) for name in names}
        )
        for name in names:
            if number := rows[f"of_{name}"]:
                yield f"{model._meta.label}: {number} rows have a {name} of the future; was the clock wrong?"


def times_of(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    """Return the columns that say when something happened; none of a model that has no table of its own."""
    if model._meta.proxy or not model._meta.managed:
        return []
    return [
        field
        for field in model._meta.local_fields
        if isinstance(field, models.DateTimeField) and not field.name.endswith(AHEAD)
    ]
