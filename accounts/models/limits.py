"""Counters of the limiter."""

from django.db import models


class RateLimit(models.Model):
    """One counter of one window of one budget. Written by accounts/limits/limiter.py only."""

    key = models.CharField(max_length=200, primary_key=True)
    count = models.PositiveIntegerField()
    resets_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
