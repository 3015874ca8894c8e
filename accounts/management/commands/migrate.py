"""Django's `migrate`, without the time limit that is there for pages: a new index may take its time."""

from typing import Any

from django.core.management.commands import migrate

from accounts.management.doctor import take_the_time_it_takes


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        take_the_time_it_takes()
        super().handle(*args, **options)
