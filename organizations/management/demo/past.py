"""Let verbs act in the past, so that three months of a company can be told in seconds. For the demo alone.

A verb takes the time from `timezone.now`, models take it as a default when a row is made, and audit events
can't be changed afterwards. So the clock of this process is set back, and only while the story is told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import DateTimeField, Model
from django.db.models.signals import pre_save
from django.utils import timezone

from accounts.outbox import delivery

REAL = timezone.now


class Clock:
    """The time at which the story is. It runs on by a second at each look, and never back."""

    def __init__(self) -> None:
        self.today = REAL()
        self.time = self.today - timedelta(days=365)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=300)
        return self.time

    def go_to(self, days_ago: int, hour: str) -> None:
        """Go to an hour such as "09:12" of a day in the past; a little on, if it is later than that."""
        day = (self.today - timedelta(days=days_ago)).date()
        wanted = datetime.combine(day, time.fromisoformat(hour), self.today.tzinfo)
        self.pass_by(max(wanted - self.time, timedelta(minutes=2)))

    def go_back_from_today(self, **before: int) -> None:
        """Go to a time that is so long before the real one: hours=3."""
        self.pass_by(max(self.today - timedelta(**before) - self.time, timedelta()))

    def pass_by(self, span: timedelta) -> None:
        self.time = min(self.time + span, self.today)


@contextmanager
def telling() -> Iterator[Clock]:
    """Set the clock of this process back, and forward again in the end."""
    clock = Clock()

    def date(instance: Model, **kwargs: Any) -> None:
        if not instance._state.adding:
            return
        for field in instance._meta.concrete_fields:
            if isinstance(field, DateTimeField) and field.default is REAL:
                setattr(instance, field.attname, clock.now())

    pre_save.connect(date, weak=False)
    kept = delivery.waiting.set([])  # mails stay in the outbox, as during a request
    timezone.now = clock.now
    try:
        yield clock
    finally:
        timezone.now = REAL
        delivery.waiting.reset(kept)
        pre_save.disconnect(date)
