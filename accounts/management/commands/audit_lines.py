"""Write the lines of audit events again, for a collector that has missed some."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.audit.lines import lines_after
from accounts.database.timeouts import unhurried
from accounts.management.errors import answering


class Command(BaseCommand):
    # They may ask the database, which may be away: that is ours to say.
    requires_system_checks = ()
    help = "Writes the audit events that follow a given ID as lines of JSON, in the order of their IDs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--after", type=int, required=True, metavar="ID", help="the ID of the last event that you have"
        )

    def handle(self, *args: Any, after: int, **options: Any) -> None:
        with answering(), unhurried():
            for line in lines_after(after):
                self.stdout.write(line)
