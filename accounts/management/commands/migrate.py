"""Django's `migrate` without the statement timeout, which is for pages: new indexes may take long.

A table that is in use is waited for (accounts/database/short_locks.py), as the site may be running.

It refuses to go back to before accounts or organizations existed: like `flush`, that would delete all of
them, and all audit events. Django does so without asking.

It also refuses a database of a newer release: what it puts back after each run are the triggers of this one.
"""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db.migrations import Migration
from django.db.models.signals import pre_migrate

from accounts.database import schema
from accounts.database.executor import Executor
from accounts.database.short_locks import retry_while_in_use
from accounts.database.timeouts import unhurried_transactions

KEPT = {"accounts", "organizations"}
REASON = (
    "This would drop the tables of %s, with everything in them. "
    "To start over, drop the database, create it again and run migrate."
)
TOO_NEW = (
    "Nothing was changed: %s. Put that release back in place, or restore the backup from before the upgrade."
)

migrate.MigrationExecutor = Executor  # type: ignore[attr-defined]  # Django has no other place for it


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        if problem := schema.too_new():
            raise CommandError(TOO_NEW % problem)
        pre_migrate.connect(refuse_to_drop)
        try:
            with unhurried_transactions():
                retry_while_in_use(lambda: super(Command, self).handle(*args, **options), self.stdout.write)
        finally:
            pre_migrate.disconnect(refuse_to_drop)


def refuse_to_drop(plan: list[tuple[Migration, bool]], **kwargs: Any) -> None:
    """Raise CommandError if the plan reverts the first migration of an application in KEPT."""
    dropped = {step.app_label for step, backwards in plan if backwards and step.initial} & KEPT
    if dropped:
        raise CommandError(REASON % " and ".join(sorted(dropped)))
