"""Compare the clock of this machine with that of the database."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def seconds_ahead() -> float:
    """Return how many seconds this machine's clock is ahead of the database's, negative if it is behind.

    The time that the answer takes is halved. SQLite asks the clock of this machine.
    """
    if connection.vendor != "postgresql":
        return 0.0
    before = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there: datetime = cursor.fetchone()[0]
    after = timezone.now()
    return (before + (after - before) / 2 - there).total_seconds()
