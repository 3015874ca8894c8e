"""Note that old rows are not deleted: `run_due_work` does not run, or this is an old backup."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import retention
from accounts.management import housekeeping
from accounts.management.doctor import Check, Note
from accounts.management.rows import named
from accounts.models import MailWindow, RateLimit, RememberedBrowser, Session

LATE = timedelta(days=2)


def old_rows_are_deleted() -> Iterator[str]:
    """Name rows that `run_due_work` should have deleted two days ago. Old rows do no harm."""
    for rows in overdue():
        if found := named(rows):
            table = rows.model._meta.db_table
            yield Note(f"{table}: {found} should have been deleted days ago; does run_due_work run?")


def overdue() -> Iterator[QuerySet[Any]]:
    """Yield a query for each table; none of them should find a row."""
    limit = timezone.now() - LATE
    yield Session.objects.filter(expires_at__lt=limit)
    yield RememberedBrowser.objects.filter(expires_at__lt=limit)
    yield RateLimit.objects.filter(resets_at__lt=limit)
    yield MailWindow.objects.filter(closes_at__lt=limit)
    yield housekeeping.messages_over(limit - housekeeping.KEEP_MESSAGES)
    yield retention.kept_too_long(LATE)


CHECKS = {"tidying": Check(old_rows_are_deleted, urgency=7, mend="run_due_work")}
