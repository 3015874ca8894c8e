"""Ask the data whether the invariants hold. For monitoring: exit code 0 when they do, 1 when one does not."""

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
        doctor.take_the_time_it_takes()
        healthy = True
        for examination in doctor.examinations:
            if reconcile and examination.repair and (repaired := examination.repair()):
                self.stdout.write(f"corrected: {examination.title}: {repaired}")
            healthy &= self.examine(examination)
        if not healthy:
            sys.exit(1)

    def examine(self, examination: doctor.Examination) -> bool:
        """Print what is wrong; return whether nothing is."""
        found = iter(examination.check())
        first = list(islice(found, SHOWN))
        more = sum(1 for _ in found)
        wrong = more or any(not isinstance(text, doctor.Note) for text in first)
        self.stdout.write(f"{'WRONG' if wrong else 'ok'}: {examination.title}")
        for text in first:
            self.stdout.write(f"  {text}")
        if more:
            self.stdout.write(f"  and {more} more")
        return not wrong
