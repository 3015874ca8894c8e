"""Check that the data satisfies the invariants. For monitoring: exit code 0 if all hold, otherwise 1."""

import sys
from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand

from accounts.management import doctor

SHOWN = 20  # problems of one kind


class Command(BaseCommand):
    help = "Checks the data against the invariants; --reconcile corrects counts, and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reconcile", action="store_true", help="correct counts that are wrong")

    def handle(self, *args: Any, reconcile: bool, **options: Any) -> None:
        doctor.lift_statement_timeout()
        healthy = True
        for title, check in doctor.checks.items():
            if reconcile and check.repair and (repaired := check.repair()):
                self.stdout.write(f"corrected: {title}: {repaired}")
            healthy &= self.tell(title, check)
        if not healthy:
            sys.exit(1)

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
