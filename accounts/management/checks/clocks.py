"""Check that no stored time lies further ahead than it can: the clock was wrong, or somebody wrote it."""

from collections.abc import Iterator
from datetime import timedelta

from django.apps import apps
from django.db.models import DateTimeField, Max, Model
from django.utils import timezone

from accounts.management.doctor import Check
from accounts.management.rows import named
from accounts.models.clocks import horizons
from accounts.outbox import notifications, queue, windows
from accounts.sessions import lifetimes, remembered

FEW_MINUTES = timedelta(minutes=5)

HORIZONS = {
    "accounts.Session.expires_at": lifetimes.ABSOLUTE_LIFETIME,
    "accounts.RememberedBrowser.expires_at": remembered.LIFETIME,
    "accounts.ApiToken.expires_at": None,
    "accounts.RateLimit.resets_at": timedelta(days=7),
    "accounts.OutboxMessage.expires_at": notifications.LIFETIME,
    "accounts.OutboxMessage.due_at": queue.LONGEST_WAIT,
    "accounts.OutboxMessage.claimed_until": queue.CLAIM,
    "accounts.MailWindow.closes_at": windows.LENGTH,
}


def times() -> Iterator[tuple[type[Model], str, timedelta]]:
    """Yield model, column and how far its times may lie ahead, for all columns of all tables."""
    for model in apps.get_models(include_auto_created=True):
        for column in model._meta.concrete_fields:
            horizon = horizons.get(f"{model._meta.label}.{column.name}", timedelta(0))
            if isinstance(column, DateTimeField) and horizon is not None:
                yield model, column.name, horizon


def no_time_lies_too_far_ahead() -> Iterator[str]:
    now = timezone.now()
    for model, column, horizon in times():
        rows = model._base_manager.filter(**{f"{column}__gt": now + horizon + FEW_MINUTES})
        if ahead := named(rows):
            furthest = rows.aggregate(furthest=Max(column))["furthest"]
            yield (
                f"{model._meta.db_table}.{column} lies in the future, or further ahead than it can, in "
                f"{ahead}, up to {furthest:%Y-%m-%d %H:%M} UTC: was the clock wrong?"
            )


CHECKS = {"no times from the future": Check(no_time_lies_too_far_ahead)}
