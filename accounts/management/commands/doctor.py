"""Check that the data satisfies the invariants. For monitoring: exit code 0 if all hold, otherwise 1."""

import sys
import textwrap
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from accounts.database import schema
from accounts.management import doctor
from accounts.management.errors import first_line

WIDTH = 110  # characters of a line with checks that have found nothing


class Command(BaseCommand):
    # They may ask the database, which may be away: that is ours to say.
    requires_system_checks = ()
    help = (
        "Checks the installation and its data, and lists the most urgent findings first. --reconcile "
        "corrects counters and restores missing triggers, and changes nothing else. --providers also "
        "connects to the mail server and the text message service, and sends nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reconcile", action="store_true", help="correct what needs no decision of yours"
        )
        parser.add_argument(
            "--providers",
            action="store_true",
            help="also check the mail server and the text message service; costs nothing",
        )

    def handle(self, *args: Any, reconcile: bool, providers: bool, **options: Any) -> None:
        self.stdout.write(f"{settings.PRODUCT_NAME} {settings.VERSION}")
        try:
            connection.ensure_connection()
        except Error as error:
            raise CommandError(
                f"The database does not answer ({first_line(error)}), so nothing was checked. "
                "Check that DATABASE_URL is right and that the server runs."
            ) from error
        if reconcile and (problem := schema.too_new()):
            raise CommandError(f"Nothing was corrected: {problem}. Run doctor from that release.")
        checks = doctor.checks | (doctor.provider_checks if providers else {})
        if reconcile:
            for title, check in checks.items():
                self.repair(title, check)
        found = {title: doctor.examine(check) for title, check in checks.items()}
        wrong = [title for title in checks if found[title].wrong]
        noted = [title for title in checks if found[title].sentences and not found[title].wrong]
        self.stdout.write(
            f"{len(wrong)} of {len(checks)} checks found a problem, {len(noted)} found something to know."
        )
        for title in sorted(wrong, key=lambda title: checks[title].urgency):
            self.tell(f"WRONG: {title}", found[title], checks[title].mend)
        for title in sorted(noted, key=lambda title: checks[title].urgency):
            self.tell(f"ok: {title}", found[title])
        self.list_healthy([title for title in checks if title not in (*wrong, *noted)])
        if wrong:
            sys.exit(1)

    def repair(self, title: str, check: doctor.Check) -> None:
        repaired, problem = doctor.repair(check)
        if repaired:
            self.stdout.write(f"corrected: {title}: {repaired}")
        if problem:
            self.stdout.write(f"not corrected: {title}: {problem}")

    def tell(self, title: str, finding: doctor.Finding, mend: str = "") -> None:
        """Print what a check has found, and the command that mends it."""
        self.stdout.write(title)
        for sentence in finding.sentences:
            self.stdout.write(f"  {sentence}")
        if finding.more:
            self.stdout.write(f"  and {finding.more} more")
        if mend:
            self.stdout.write(f"  -> python manage.py {mend}")

    def list_healthy(self, titles: list[str]) -> None:
        """Print the checks that have found nothing, so that all of it fits on one screen."""
        # A no-break space within each: a title stays on one line.
        cells = "   ".join(f"ok: {title}".replace(" ", "\u00a0") for title in titles)
        for row in textwrap.wrap(cells, WIDTH, break_long_words=False, break_on_hyphens=False):
            self.stdout.write(row.replace("\u00a0", " "))
