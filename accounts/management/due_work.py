"""What `run_due_work` does, step by step. A step that fails stops no other (D17)."""

import logging
from collections.abc import Callable

from django.db import Error, connection

from accounts.audit import retention
from accounts.exceptions import place_of
from accounts.management import housekeeping
from accounts.outbox import delivery, windows
from accounts.plugins import Registry
from accounts.tokens import expiry

logger = logging.getLogger(__name__)

# By name, in the order in which they run. Each returns what it has done, as a number, or None.
steps: Registry[Callable[[], int | None]] = Registry()


def run_steps() -> tuple[dict[str, int], list[str]]:
    """Run all steps; return what they have done, by name, and the names of those that failed.

    Raises django.db.Error if the database does not answer: then no step can do anything.
    """
    done: dict[str, int] = {}
    failed = []
    for name, step in steps.items():
        try:
            done[name] = step() or 0
        except Exception as error:
            if isinstance(error, Error) and not connection.is_usable():
                raise
            logger.error("run_due_work could not %s: %s; the other steps go on", name, place_of(error))
            failed.append(name)
    return done, failed


SENDING = "send mails and texts"
STEPS: dict[str, Callable[[], int | None]] = {
    "announce tokens that expire": expiry.tell_in_time,
    "release mails that were held back": windows.release_due,
    SENDING: delivery.send_due,
    **housekeeping.STEPS,
    "delete audit events that were kept long enough": retention.keep_retention,
}
