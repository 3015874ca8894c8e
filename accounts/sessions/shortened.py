"""Delete sessions and remembered browsers that a limit has ended, before the limit goes (D11).

They are valid no more (lifetimes.py), and would be once it has gone. Rows that somebody has locked are in use
at this moment, by what deletes them as well: to wait for them could be a deadlock.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from accounts.models import RememberedBrowser, Session
from accounts.sessions.lifetimes import REMEMBER_LIMIT, TIMEOUT_LIMIT, limit_columns

# Sessions may end a minute early. The walk through a million members takes about so long.
EARLY = timedelta(seconds=50)


def end_shortened(user_ids: Iterable[int]) -> int:
    """Delete what a limit of theirs has ended of these users; return how many sessions. In a transaction."""
    ids = list(user_ids)
    ended = 0
    if limit_columns():
        for rows in over(ids):
            held = rows.order_by("pk").select_for_update(skip_locked=True, of=("self",))
            keys = list(held.values_list("pk", flat=True))
            number = rows.model._default_manager.filter(pk__in=keys).delete()[0] if keys else 0
            ended += number if rows.model is Session else 0
    return ended


def any_left(user_ids: Iterable[int]) -> bool:
    """Return whether there is still something that a limit has ended: somebody had locked it."""
    return any(rows.exists() for rows in over(list(user_ids)))


def over(user_ids: list[int]) -> Iterator[QuerySet[Any]]:
    sessions = Session.objects.filter(user__in=user_ids).annotate(**limit_columns())
    yield sessions.filter(is_over("last_used_at", TIMEOUT_LIMIT) | is_over("created_at", REMEMBER_LIMIT))
    browsers = RememberedBrowser.objects.filter(user__in=user_ids).annotate(**limit_columns())
    yield browsers.filter(is_over("created_at", REMEMBER_LIMIT))


def is_over(since: str, limit: str) -> Q:
    """Return a condition: `limit` minutes have passed since the time in `since`. False without a limit.

    What ends within EARLY counts: it must not end after it was looked at, and before the limit goes.
    """
    duration = ExpressionWrapper(F(limit) * Value(timedelta(minutes=1)), output_field=DurationField())
    end = ExpressionWrapper(F(since) + duration, output_field=DateTimeField())
    return Q(LessThanOrEqual(end, timezone.now() + EARLY))
