"""The audit events, and how long they are kept."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.database.append_only import SHORTEST_RETENTION
from accounts.database.indexes import BY_BEGINNING
from accounts.database.json_text import JSONText

# What people do to themselves is found by its subject; who is nobody yet is named after the door.
BY_OTHERS = ~Q(actor=F("subject")) & ~Q(actor=F("door"))
# The indexes of trails that owners read have these events alone, so that no sign-in writes to them.
OF_ORGANIZATIONS = Q(subject__startswith="organization:")
# A query must say so in these words, or no index of a trail is used.
IN_A_TRAIL = Q(subject__begins_as_indexed="organization:")
# Whom such an event concerns: an address that was written to goes first, since it may not tell whose it is.
CONCERNED = Coalesce(JSONText("email", "data"), JSONText("member", "data"))


class AuditEvent(models.Model):
    """One event. The database refuses changes and early deletion (accounts/database/append_only.py).

    It stores names as text, because events outlive what they name.
    """

    event = models.CharField(max_length=64)
    actor = models.CharField(max_length=100)
    subject = models.CharField(max_length=100)
    # What the subject names, where somebody else may take the name later. Former releases left it out.
    subject_id = models.BigIntegerField(null=True)
    # The user whose activity page shows it. No foreign key: the event stays when the account is deleted.
    user_id = models.BigIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True, default="")
    door = models.CharField(max_length=16)
    request_id = models.CharField(max_length=32, blank=True, default="")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        # A sign-in writes to the first three of these, and to that of `created_at`. The admin site asks the
        # others.
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user_id", "-id"], name="activity_of_user"),
            models.Index(fields=["event", "id"], name="events_of_kind"),
            models.Index(fields=["subject"], name="events_by_subject", opclasses=[BY_BEGINNING]),
            models.Index(
                fields=["actor"],
                name="events_by_actor",
                opclasses=[BY_BEGINNING],
                condition=BY_OTHERS,
            ),
            models.Index(fields=["door", "id"], name="events_by_door", condition=~Q(door="html")),
            models.Index(
                fields=["subject", "created_at", "id"],
                name="trail",
                condition=OF_ORGANIZATIONS,
            ),
            models.Index(
                fields=["subject", "event", "created_at", "id"],
                name="trail_of_kind",
                condition=OF_ORGANIZATIONS,
            ),
            models.Index(
                fields=["subject", "actor", "created_at", "id"],
                name="trail_of_actor",
                condition=OF_ORGANIZATIONS,
            ),
            models.Index(
                F("subject"),
                CONCERNED,
                F("created_at"),
                F("id"),
                name="trail_of_person",
                condition=OF_ORGANIZATIONS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit events are append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit events are append-only.")


class AuditRetention(models.Model):
    """One row: for how many days audit events are kept at least. The triggers read it.

    Only accounts/audit/retention.py writes it. Without a number events are kept for ever. Before a migration
    rebuilds this table on SQLite it must remove the triggers, which name the table.
    """

    ROW = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ROW)
    days = models.PositiveIntegerField(null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="one_audit_retention", condition=Q(id=1)),
            models.CheckConstraint(
                name="audit_retention_long_enough",
                condition=Q(days__isnull=True) | Q(days__gte=SHORTEST_RETENTION),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} days" if self.days else "for ever"
