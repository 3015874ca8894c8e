"""Keep audit events for as long as AUDIT_RETENTION_DAYS says, and record what goes.

The triggers of the database read the number of days from a table (accounts/audit/append_only.py).
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit.actor import Actor
from accounts.audit.events import Event, record
from accounts.models import AuditEvent, AuditRetention

BATCH = 5000  # events that are deleted in one transaction, with one event about it


def keep_retention() -> int:
    """Store the retention of the settings, then delete the events that are older; return how many.

    Each batch is a transaction with an event of its own: after a crash the next run goes on.
    """
    days = store_retention(settings.AUDIT_RETENTION_DAYS)
    if days is None:
        return 0
    deleted, before = 0, timezone.now() - timedelta(days=days)
    while batch := delete_batch(before):
        deleted += batch
    return deleted


@transaction.atomic
def store_retention(days: int | None) -> int | None:
    """Store the number of days, and record a change. None keeps events for ever."""
    stored, _created = AuditRetention.objects.select_for_update().get_or_create(pk=1)
    if stored.days != days:
        before, stored.days = stored.days, days
        stored.save()
        record(
            Event.AUDIT_RETENTION_CHANGED,
            actor=Actor.command(),
            subject="site",
            days=days,
            days_before=before,
        )
    return days


@transaction.atomic
def delete_batch(before: datetime) -> int:
    """Delete the oldest events from before that time, BATCH at most; record it and return how many."""
    AuditRetention.objects.select_for_update().get(pk=1)  # two runs at once take turns
    old = AuditEvent.objects.filter(created_at__lt=before).order_by("created_at", "pk")
    keys = list(old.values_list("pk", flat=True)[:BATCH])
    deleted, _by_model = AuditEvent.objects.filter(pk__in=keys).delete()
    if deleted:
        record(
            Event.AUDIT_EVENTS_DELETED,
            actor=Actor.command(),
            subject="site",
            count=deleted,
            before=before.isoformat(),
        )
    return deleted
