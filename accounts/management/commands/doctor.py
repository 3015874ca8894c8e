"""Check that the data satisfies the invariants. For monitoring: exit code 0 if all hold, otherwise 1."""

import sys
from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from accounts.exceptions import place_of
from accounts.management import doctor

SHOWN = 20  # problems of one kind


class Command(BaseCommand):
    help = "Checks the data against the invariants; --reconcile corrects counts, and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reconcile", action="store_true", help="correct counts that are wrong")

    def handle(self, *args: Any, reconcile: bool, **options: Any) -> None:
        try:
            connection.ensure_connection()
        except Error as error:
            raise CommandError(f"The database does not answer: {type(error).__name__}.") from error
        healthy = True
        for title, check in doctor.checks.items():
            healthy &= self.run_check(title, check, reconcile=reconcile)
        if not healthy:
            sys.exit(1)

    def run_check(self, title: str, check: doctor.Check, *, reconcile: bool) -> bool:
        """Print what a check finds; return whether there are no problems. Never raises: the others go on."""
        try:
            with doctor.time_to_read():
                if reconcile and check.repair and (repaired := check.repair()):
                    self.stdout.write(f"corrected: {title}: {repaired}")
                return self.tell(title, check)
        except Exception as error:
            self.stdout.write(f"WRONG: {title}")
            self.stdout.write(f"  this could not be checked: {place_of(error)}")
            return False

    def tell(self, title: str, check: doctor.Check) -> bool:
        """Print the problems and notes of a check; return whether there are no problems."""
        found = iter(check.find())
        first = list(islice(found, SHOWN))
        more = sum(1 for _ in found)
        wrong = more or any(not isinstance(text, doctor.Note) for text in first)
        self.stdout.write(f"{'WRONG' if wrong else 'ok'}: {title}")
        for text in first:
            self.stdout.write(f"  {text}")
        if more:
            self.stdout.write(f"  and {more} more")
        return not wrong
