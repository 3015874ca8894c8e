"""Django's `migrate` without the statement timeout, which is for pages: new indexes may take long."""

from typing import Any

from django.core.management.commands import migrate

from accounts.management.doctor import lift_statement_timeout


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        lift_statement_timeout()
        super().handle(*args, **options)
