"""Keys that have signed evidence, kept when their entry has left ENCRYPTION_KEYS."""

from django.db import models
from django.utils import timezone


class EvidenceKey(models.Model):
    """A public key (Ed25519). Files that it has signed are verified for years, so no row is ever deleted."""

    key_id = models.CharField(max_length=16, primary_key=True)  # accounts.evidence.statements.key_id
    public_key = models.CharField(max_length=64)  # in hexadecimal digits
    first_used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.key_id
