"""Refuse Django's `flush` on the command line. Test runners call it from code, to empty their databases."""

from django.core.management.base import CommandError
from django.core.management.commands import flush

REASON = (
    "flush would delete every account and the whole audit trail. "
    "To start over, drop the database, create it again and run migrate."
)


class Command(flush.Command):
    help = REASON

    def run_from_argv(self, argv: list[str]) -> None:
        self.stderr.write(str(CommandError(REASON)))
        raise SystemExit(1)
