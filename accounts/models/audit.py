"""The audit events, and how long they are kept."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


class AuditEvent(models.Model):
    """One event. Stores names as text, because events outlive what they name.

    Append-only: triggers in the database (accounts/audit/append_only.py) refuse to change an event, and to
    delete one before its retention is over.
    """

    event = models.CharField(max_length=64, db_index=True)
    actor = models.CharField(max_length=100)
    subject = models.CharField(max_length=100, db_index=True)
    # The user whose activity page shows it. No foreign key: the event stays when the account is deleted.
    user_id = models.BigIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True, default="")
    door = models.CharField(max_length=16)
    request_id = models.CharField(max_length=32, blank=True, default="")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user_id", "-id"], name="activity_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject}"


class AuditRetention(models.Model):
    """How many days an event is kept; NULL is for ever. The triggers read the only row of this table."""

    days = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="one_audit_retention", condition=Q(pk=1)),
            models.CheckConstraint(
                name="audit_retention_is_long", condition=Q(days__isnull=True) | Q(days__gte=30)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} days" if self.days else "for ever"
