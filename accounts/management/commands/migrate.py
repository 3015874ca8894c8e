"""Django's `migrate`, without the time limit that is there for pages: a new index may take its time."""

from typing import Any

from django.core.management.commands import migrate

from accounts.management.doctor import lift_statement_timeout


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        lift_statement_timeout()
        super().handle(*args, **options)
