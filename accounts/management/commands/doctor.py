"""Check that the data satisfies the invariants. For monitoring: exit code 0 if all hold, otherwise 1."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from accounts.database import schema
from accounts.management import doctor
from accounts.management.errors import first_line


class Command(BaseCommand):
    # They may ask the database, which may be away: that is ours to say.
    requires_system_checks = ()
    help = (
        "Checks the data against the invariants. --reconcile corrects counts and puts back missing triggers, "
        "and nothing else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reconcile", action="store_true", help="correct what needs no decision")

    def handle(self, *args: Any, reconcile: bool, **options: Any) -> None:
        self.stdout.write(f"{settings.PRODUCT_NAME} {settings.VERSION}")
        try:
            connection.ensure_connection()
        except Error as error:
            raise CommandError(
                f"The database does not answer ({first_line(error)}), so nothing was checked. "
                "Is DATABASE_URL right, and does its server run?"
            ) from error
        if reconcile and (problem := schema.too_new()):
            raise CommandError(f"Nothing was corrected: {problem}. Run the doctor of that release.")
        healthy = True
        for title, check in doctor.checks.items():
            if reconcile:
                self.repair(title, check)
            healthy &= self.tell(title, check)
        if not healthy:
            sys.exit(1)

    def repair(self, title: str, check: doctor.Check) -> None:
        repaired, problem = doctor.repair(check)
        if repaired:
            self.stdout.write(f"corrected: {title}: {repaired}")
        if problem:
            self.stdout.write(f"not corrected: {title}: {problem}")

    def tell(self, title: str, check: doctor.Check) -> bool:
        """Print the problems and notes of a check; return whether there are no problems."""
        finding = doctor.examine(check)
        self.stdout.write(f"{'WRONG' if finding.wrong else 'ok'}: {title}")
        for sentence in finding.sentences:
            self.stdout.write(f"  {sentence}")
        if finding.more:
            self.stdout.write(f"  and {finding.more} more")
        return not finding.wrong
