"""The counters of the rate limiter."""

from django.db import models


class RateLimit(models.Model):
    """The counter of one window of a budget. Only accounts/limits/limiter.py writes it."""

    key = models.CharField(max_length=200, primary_key=True)
    count = models.PositiveIntegerField()
    resets_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
