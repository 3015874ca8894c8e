from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.factors.base import Device


class BackupCodeSet(Device):
    """The ten codes of one user: exactly one confirmed set while two-factor is on, otherwise none (I2)."""

    class Meta:
        verbose_name = "set of backup codes"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at"], name="unconfirmed_codes", condition=Q(confirmed=False)),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(confirmed=True), name="one_set_of_codes_per_user"
            ),
        ]


class BackupCode(models.Model):
    """One code: a keyed digest to check it and a ciphertext to reveal it, both useless without the keys."""

    # One of the constraints below begins with it.
    code_set = models.ForeignKey(BackupCodeSet, models.CASCADE, related_name="codes", db_index=False)
    position = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64)
    sealed_code = models.TextField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["code_set", "position"], name="backup_code_positions"),
            models.UniqueConstraint(fields=["code_set", "digest"], name="backup_codes_differ"),
        ]

    def __str__(self) -> str:
        return f"code {self.position} of set {self.code_set_id}"
