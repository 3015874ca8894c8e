"""Send due mails and tidy up: by cron, or as a service with --loop. Safe to run concurrently."""

import logging
import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, close_old_connections

from accounts.management.doctor import lift_statement_timeout
from accounts.management.due_work import SENDING, run_steps

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Sends due mails and removes what has expired; --loop goes on until it is told to stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", type=positive, metavar="SECONDS", help="again after so many seconds")

    def handle(self, *args: Any, loop: float | None, **options: Any) -> None:
        if loop is None:
            failed = self.run_once()
            if failed:
                raise CommandError(f"Failed, see the log: {', '.join(failed)}.")
            return
        stop = Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, frame: stop.set())
        while not stop.is_set():
            close_old_connections()
            try:
                self.run_once()
            except Error as error:  # the database may be back at the next run
                logger.warning("The database does not answer: %s", type(error).__name__)
            stop.wait(loop)

    def run_once(self) -> list[str]:
        """Run every step, and return the names of those that failed."""
        lift_statement_timeout()
        done, failed = run_steps()
        if done.get(SENDING):
            self.stdout.write(f"{done[SENDING]} sent")
        return failed


def positive(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise ValueError(text)
    return seconds
