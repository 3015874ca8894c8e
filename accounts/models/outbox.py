"""The mails and texts to send."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


class OutboxMessage(models.Model):
    """A message to send. Encrypted until it is sent, empty afterwards (accounts/outbox/delivery.py)."""

    kind = models.CharField(max_length=16, default="mail")
    audience = models.CharField(max_length=64, blank=True, default="")
    key = models.CharField(max_length=64, blank=True, default="")
    sealed = models.TextField(blank=True)
    cursor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], name="outbox_due", condition=Q(sent_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"
