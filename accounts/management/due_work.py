"""What `manage.py run_due_work` does, step by step. One that fails keeps no other from its turn."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import Error, close_old_connections, connection

from accounts.audit import retention
from accounts.management import housekeeping
from accounts.management.errors import without_values
from accounts.outbox import delivery, windows
from accounts.plugins import Registry
from accounts.tokens import expiry
from accounts.two_factor import levels

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """`work` returns how much it did, if it counts that. What writes mails comes before they are sent."""

    work: Callable[[], int | None]
    before_sending: bool = False


# By name, which is printed and logged.
steps: Registry[Step] = Registry()

STEPS = {
    "mails about tokens that expire soon": Step(expiry.tell_in_time, before_sending=True),
    "mails that were held back": Step(windows.release_due, before_sending=True),
    "sent": Step(delivery.send_due),
    **{name: Step(work) for name, work in housekeeping.STEPS.items()},
    "levels of two-factor found": Step(levels.backfill_levels),
    "retention of audit events": Step(retention.store_setting),
    "audit events deleted": Step(retention.purge),
}


@dataclass(frozen=True)
class Outcome:
    """How much each step did, and which steps failed."""

    done: dict[str, int]
    failed: list[str]


def in_turn() -> dict[str, Step]:
    """Return the steps in the order in which they run."""
    return dict(sorted(steps.items(), key=lambda item: not item[1].before_sending))


def run(should_stop: Callable[[], bool] = lambda: False) -> Outcome:
    """Run all steps, each by itself. An error is logged without its text, and counts as a failed step.

    Raises django.db.Error if the database does not answer, before the first step or after one that failed.
    """
    done: dict[str, int] = {}
    failed: list[str] = []
    ask_database()
    for name, step in in_turn().items():
        if should_stop():
            break
        try:
            done[name] = step.work() or 0
        except Exception as error:  # the other steps have nothing to do with it
            failed.append(name)
            logger.error("The step %r of run_due_work failed.", name, exc_info=without_values(error))
            ask_database()
    return Outcome(done, failed)


def ask_database() -> None:
    """Raise django.db.Error if the database does not answer."""
    close_old_connections()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:  # this connection has broken, and another one may work
        connection.close()
        connection.ensure_connection()
