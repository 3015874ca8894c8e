from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.factors.base import Device


class TOTPDevice(Device):
    """An authenticator app. The secret is stored as ciphertext that belongs to this row."""

    sealed_secret = models.TextField()
    # The last accepted time step; only later steps are accepted (R14).
    last_step = models.BigIntegerField(default=-1)

    class Meta:
        verbose_name = "authenticator app"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at"], name="unconfirmed_apps", condition=Q(confirmed=False)),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(confirmed=True), name="one_confirmed_app_per_user"
            ),
        ]
