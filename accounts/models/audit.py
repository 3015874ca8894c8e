"""The audit events."""

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """One event. Append-only; stores names as text, because events outlive what they name."""

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

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit events are append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit events are append-only.")
