"""Compare the database's tables with this release, by the names of the migrations that were applied.

An upgrade runs `migrate` first. So the tables may be newer than the processes that still run, which is fine
(CONTRIBUTING.md, Releases). The other way round `/readyz` and the pages that fail answer 503.
"""

from functools import cache

from django.conf import settings
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

Name = tuple[str, str]  # of a migration: application, name


@cache
def known() -> frozenset[Name]:
    """Return the migrations of this release, from its files."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def applied() -> set[Name]:
    """Return the migrations that this database has, also those of other releases. Raises django.db.Error."""
    table = MigrationRecorder.Migration._meta.db_table
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT app, name FROM {connection.ops.quote_name(table)}")  # noqa: S608
            return {(app, name) for app, name in cursor.fetchall()}
    except (ProgrammingError, OperationalError):
        if table not in connection.introspection.table_names():
            return set()
        raise


def missing() -> list[Name]:
    """Return the migrations of this release that the database lacks. Raises django.db.Error."""
    return sorted(known() - applied())


def unknown() -> list[Name]:
    """Return the migrations of our applications that this release does not have. Raises django.db.Error."""
    ours = {app for app, _name in known()}
    return sorted((app, name) for app, name in applied() - known() if app in ours)


def too_old() -> str:
    """Return what to do if the tables are too old for this release, as a sentence, else "".

    Raises django.db.Error.
    """
    number = len(missing())
    if not number:
        return ""
    lacks = "a migration" if number == 1 else f"{number} migrations"
    return f"the database lacks {lacks} of this release: run manage.py migrate"


def too_new() -> str:
    """Return why this release must not change the tables, as a sentence, or "". Raises django.db.Error."""
    found = unknown()
    if not found:
        return ""
    app, name = found[-1]
    return (
        f"the database is that of a newer release than {settings.VERSION}, or of a development version: "
        f"it has {len(found)} migrations that this release does not know, such as {app} {name}"
    )


def shows_old_tables(error: BaseException | None) -> bool:
    """Return whether a statement failed because a table or a column is missing."""
    if isinstance(error, OperationalError):  # SQLite's
        return str(error).startswith("no such ") or " has no column named " in str(error)
    return isinstance(error, ProgrammingError)
