"""Send due mails and tidy up: by cron, or as a service with --loop. Safe to run concurrently."""

import logging
import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from accounts.management import due_work
from accounts.management.errors import in_words

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    # They may ask the database, which may be away: that is ours to say.
    requires_system_checks = ()
    help = (
        "Sends due emails and deletes what has expired. With --loop, runs until it is stopped. "
        "Prints problems only; --verbosity 2 also prints what was done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--loop", type=positive, metavar="SECONDS", help="run again after this many seconds"
        )

    def handle(self, *args: Any, loop: float | None, verbosity: int, **options: Any) -> None:
        self.verbosity = verbosity
        stop = Event()
        if loop is None:
            self.run_once(stop)
            return
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, frame: stop.set())
        logger.info("%s %s starts", settings.PRODUCT_NAME, settings.VERSION)
        while not stop.is_set():
            try:
                self.run_once(stop)
            except CommandError as error:  # it may be mended at the next run
                logger.warning("%s", error)
            stop.wait(loop)

    def run_once(self, stop: Event) -> None:
        """Run every step once. Raises CommandError if a step failed or the database does not answer."""
        try:
            outcome = due_work.run(stop.is_set)
        except Error as error:
            raise CommandError(f"The database does not answer: {in_words(error)}") from error
        for name, number in outcome.done.items():
            if number and self.verbosity > 1:  # cron mails whatever is printed
                self.stdout.write(f"{number} {name}")
        if outcome.failed:
            raise CommandError(f"Failed: {', '.join(outcome.failed)}. The log says why.")


def positive(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise ValueError(text)
    return seconds
