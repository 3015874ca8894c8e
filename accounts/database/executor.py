"""Apply a migration and record it in one transaction.

Django records a migration whose new tables have indexes or foreign keys after their transaction. If it is
killed in between, or its server is, the next `migrate` makes these tables once more, and fails for ever. The
moment is short, but with a standby that is gone the commit before it waits until somebody loses patience.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor


class Executor(MigrationExecutor):
    def apply_migration(self, state: Any, migration: Migration, *args: Any, **options: Any) -> Any:
        with self.all_or_nothing(migration):
            return super().apply_migration(state, migration, *args, **options)

    def unapply_migration(self, state: Any, migration: Migration, *args: Any, **options: Any) -> Any:
        with self.all_or_nothing(migration):
            return super().unapply_migration(state, migration, *args, **options)

    @contextmanager
    def all_or_nothing(self, migration: Migration) -> Iterator[None]:
        if not migration.atomic:
            yield
            return
        # SQLite remakes tables, which it can do only where this was said before the transaction.
        with self.connection.constraint_checks_disabled(), transaction.atomic(self.connection.alias):
            yield
