"""How long audit events are kept, and the deletion of older ones."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit.actor import Actor
from accounts.audit.events import Event, record
from accounts.database import append_only
from accounts.database.timeouts import unhurried
from accounts.models import AuditEvent, AuditRetention

BATCH = 5000
# The triggers ask the clock of the database. It may be behind ours by as much.
MARGIN = timedelta(hours=1)
# A purge waits until there is something as much older than the retention, so that it is recorded once a day
# and not with every run.
EVERY = timedelta(days=1)


def stored_days() -> int | None:
    """Return for how many days the database keeps events, None if for ever."""
    row = AuditRetention.objects.filter(pk=AuditRetention.ROW).first()
    return row.days if row else None


def store_setting() -> None:
    """Store AUDIT_RETENTION_DAYS, and record that it has changed."""
    keep_for(settings.AUDIT_RETENTION_DAYS, actor=Actor.command())


@transaction.atomic
def keep_for(days: int | None, *, actor: Actor) -> None:
    """Set for how many days events are kept at least, None for ever. Less than 30 the database refuses."""
    if stored_days() == days:
        return
    AuditRetention.objects.get_or_create(pk=AuditRetention.ROW)
    row = AuditRetention.objects.select_for_update(no_key=True).get(pk=AuditRetention.ROW)
    if row.days == days:  # another process was faster
        return
    before, row.days, row.changed_at = row.days, days, timezone.now()
    row.save(update_fields=["days", "changed_at"])
    record(Event.AUDIT_RETENTION_CHANGED, actor=actor, subject="site", before=before, after=days)


def purge() -> int:
    """Delete events that are older than the stored retention; return how many.

    Each batch and the event that records it are one transaction: the purge can be killed and started again.
    """
    days = stored_days()
    if days is None:
        return 0
    until = timezone.now() - timedelta(days=days) - MARGIN
    if not AuditEvent.objects.filter(created_at__lt=until - EVERY).exists():
        return 0
    total = 0
    while deleted := purge_batch(until, actor=Actor.command()):
        total += deleted
    return total


def kept_too_long(late: timedelta) -> QuerySet[AuditEvent]:
    """Return the events that a purge should have deleted `late` ago."""
    days = stored_days()
    if days is None:
        return AuditEvent.objects.none()
    return AuditEvent.objects.filter(
        created_at__lt=timezone.now() - timedelta(days=days) - MARGIN - EVERY - late
    )


def purge_batch(until: datetime, *, actor: Actor) -> int:
    """Delete up to BATCH events from before `until`, and record it. Return 0 if another process does."""
    with unhurried(), transaction.atomic():
        held = AuditRetention.objects.select_for_update(skip_locked=True)
        if not held.filter(pk=AuditRetention.ROW, days__isnull=False).exists():
            return 0
        old = AuditEvent.objects.filter(created_at__lt=until).order_by("id")
        keys = list(old.values_list("id", flat=True)[:BATCH])
        if not keys:
            return 0
        batch = AuditEvent.objects.filter(created_at__lt=until, id__gte=keys[0], id__lte=keys[-1])
        deleted = batch.delete()[0]
        record(
            Event.AUDIT_EVENTS_PURGED,
            actor=actor,
            subject="site",
            number=deleted,
            before=until.isoformat(),
        )
    return deleted


def restore_triggers() -> int:
    """Put back triggers that are missing, and record it; return how many were missing."""
    with transaction.atomic():
        restored = append_only.install(connection)
        if restored:
            record(Event.AUDIT_TRIGGERS_RESTORED, actor=Actor.command(), subject="site", triggers=restored)
    return len(restored)
