"""Django's `migrate` without the statement timeout, which is for pages: new indexes may take long."""

from typing import Any

from django.core.management.commands import migrate

from accounts.database.timeouts import unhurried_transactions


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with unhurried_transactions():
            super().handle(*args, **options)
