from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.factors.base import Device
from accounts.models import User


class SMSDevice(Device):
    """A phone number. It is stored as ciphertext, with a digest as the key of its budgets."""

    sealed_number = models.TextField()
    number_digest = models.CharField(max_length=64)
    last_digits = models.CharField(max_length=2)

    class Meta:
        verbose_name = "phone number"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(confirmed=True), name="one_confirmed_phone_per_user"
            ),
        ]


class TextMessage(models.Model):
    """One code that was texted, for one user, number, purpose and (through its state) session.

    The keyed digest is deleted when the code is used or has expired. Replaced codes keep it until they
    expire, so that a person who types one can be told that there is a newer one.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        DELIVERED = "delivered"
        FAILED = "failed"

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    device = models.ForeignKey(SMSDevice, models.CASCADE, related_name="messages")
    purpose = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    replaced_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    provider_id = models.CharField(max_length=64, blank=True, default="", db_index=True)

    def __str__(self) -> str:
        return f"text {self.pk}"
