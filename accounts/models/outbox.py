"""The mails and texts to send."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

# The condition of messages that wait: what is sent or given up is empty.
WAITS = Q(sent_at__isnull=True) & ~Q(sealed="")


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
            # What waits, by kind: a text never stands behind a hundred thousand mails.
            models.Index(fields=["kind", "due_at", "id"], name="outbox_waiting", condition=WAITS),
            # What accounts/management/housekeeping.py looks for: unsent in time, and kept for long enough.
            models.Index(fields=["expires_at"], name="outbox_late", condition=WAITS),
            models.Index(Coalesce("sent_at", "expires_at"), name="outbox_over"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class MailWindow(models.Model):
    """The mails of one kind to one reader, or to one audience, within an hour (accounts/outbox/windows.py).

    No foreign key: what was held back is sent even if the account is deleted meanwhile.
    """

    reader = models.CharField(max_length=120)
    name = models.CharField(max_length=64)
    closes_at = models.DateTimeField(db_index=True)
    # How many there were in this window, and how many of them nobody has been told of yet.
    count = models.PositiveIntegerField(default=1)
    held = models.PositiveIntegerField(default=0)
    # The latest of those, with the times of the others: as in the outbox, encrypted.
    latest_at = models.DateTimeField(null=True)
    sealed = models.TextField(blank=True, default="")
    audience = models.CharField(max_length=64, blank=True, default="")
    key = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["reader", "name"], name="one_mail_window"),
        ]

    def __str__(self) -> str:
        return f"window {self.pk} of {self.name}"
