"""Commands of Django that would write past the verbs: without stamps, records and mails."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class RefusedCommand(BaseCommand):
    """A command that says why it does nothing, whatever its arguments are."""

    reason = ""
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("args", nargs="*")

    def run_from_argv(self, argv: list[str]) -> None:
        """Refuse on the command line, before the arguments are read."""
        self.help = self.reason
        if {"-h", "--help"} & set(argv):
            super().run_from_argv([*argv[:2], "--help"])
            return
        super().run_from_argv(argv[:2])

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(self.reason)
