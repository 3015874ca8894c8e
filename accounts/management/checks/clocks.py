"""Check that no stored time lies further ahead than it can: the clock was wrong, or somebody wrote it."""

import re
from collections.abc import Iterator
from datetime import timedelta

from django.apps import apps
from django.db.models import DateTimeField, Max, Model
from django.utils import timezone

from accounts.limits import counters
from accounts.management.doctor import Check
from accounts.management.rows import named
from accounts.models import SITE_INVITATION_LIFETIME, RateLimit
from accounts.models.clocks import horizons
from accounts.outbox import notifications, queue, windows
from accounts.sessions import lifetimes, remembered

FEW_MINUTES = timedelta(minutes=5)
LENGTH = re.compile(r":([0-9]{1,9})(?::alarm)?\Z")  # at the end of the key of a counter
MOST_NAMED = 100

HORIZONS = {
    "accounts.Session.expires_at": lifetimes.ABSOLUTE_LIFETIME,
    "accounts.RememberedBrowser.expires_at": remembered.LIFETIME,
    "accounts.ApiToken.expires_at": None,
    "accounts.SiteInvitation.expires_at": SITE_INVITATION_LIFETIME,
    "accounts.RateLimit.resets_at": timedelta(days=7),  # the longest; below, each by its own
    "accounts.OutboxMessage.expires_at": notifications.LIFETIME,
    "accounts.OutboxMessage.due_at": queue.LONGEST_WAIT,
    "accounts.OutboxMessage.claimed_until": queue.CLAIM,
    "accounts.MailWindow.closes_at": windows.LENGTH,
}


def times() -> Iterator[tuple[type[Model], str, timedelta]]:
    """Yield model, column and how far its times may lie ahead, for all columns of all tables."""
    for model in apps.get_models(include_auto_created=True):
        for column in model._meta.concrete_fields:
            horizon = horizons.get(f"{model._meta.label}.{column.name}", timedelta(0))
            if isinstance(column, DateTimeField) and horizon is not None:
                yield model, column.name, horizon


def no_window_lasts_too_long() -> Iterator[str]:
    """Check each counter of the limiter by the length of its own window, in seconds, which ends its key."""
    now = timezone.now()
    ahead = RateLimit.objects.filter(resets_at__gt=now + FEW_MINUTES)
    late = [row.pk for row in ahead.iterator() if row.resets_at > now + length_of(row) + FEW_MINUTES]
    if rows := named(RateLimit.objects.filter(pk__in=late[:MOST_NAMED])):
        yield (
            f"windows of limits end later than they can, in {len(late)} counters such as {rows}: was the "
            "clock wrong? They last their length from the next attempt on"
        )


def length_of(row: RateLimit) -> timedelta:
    """Return how long the window of a counter lasts at most."""
    found = LENGTH.search(row.key)
    if found is None:  # of a failure
        return counters.FAILURES_COUNT_FOR
    return timedelta(seconds=int(found[1]))


def no_time_lies_too_far_ahead() -> Iterator[str]:
    now = timezone.now()
    for model, column, horizon in times():
        rows = model._base_manager.filter(**{f"{column}__gt": now + horizon + FEW_MINUTES})
        if ahead := named(rows):
            furthest = rows.aggregate(furthest=Max(column))["furthest"]
            yield (
                f"{model._meta.db_table}.{column} lies in the future, or further ahead than it can, in "
                f"{ahead}, up to {furthest:%Y-%m-%d %H:%M} UTC: was the clock wrong?"
            )


def times_are_possible() -> Iterator[str]:
    yield from no_time_lies_too_far_ahead()
    yield from no_window_lasts_too_long()


CHECKS = {"no times from the future": Check(times_are_possible)}
