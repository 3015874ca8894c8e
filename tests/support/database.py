"""The test's own hands on the database, where the product has no door for it."""

from contextlib import contextmanager
from functools import cache

from django.db import connection, transaction

from accounts.database import append_only

PERMANENT_TABLES = {"django_content_type", "auth_permission"}


def empty_tables():
    """Delete all rows but those of PERMANENT_TABLES, and take back what was SET for the session.

    Most tests write into a few tables, so only those are emptied. DELETE takes milliseconds, TRUNCATE a tenth
    of a second. Content types and permissions stay as they are, so that running servers need not learn them
    anew.
    """
    if connection.errors_occurred:  # a test that failed may have lost it, and the next ones need it
        connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        written = written_tables(cursor)
    if written:
        with events_unprotected(), connection.cursor() as cursor:
            for statement in together(f"DELETE FROM {table}" for table in written):
                cursor.execute(statement)
    if connection.vendor == "postgresql":
        forget_session()


def written_tables(cursor):
    """Return the quoted names of all tables that have rows, but for PERMANENT_TABLES."""
    tables = quoted_tables()
    has_rows = (f"EXISTS (SELECT 1 FROM {table})" for table in tables)
    cursor.execute(f"SELECT {', '.join(has_rows)}")
    return [table for table, has_rows in zip(tables, cursor.fetchone(), strict=True) if has_rows]


@cache
def quoted_tables():
    names = set(connection.introspection.django_table_names()) - PERMANENT_TABLES
    return [connection.ops.quote_name(name) for name in sorted(names)]


def together(statements):
    """PostgreSQL takes several statements at once, SQLite does not."""
    return ["; ".join(statements)] if connection.vendor == "postgresql" else list(statements)


def forget_session():
    """Have the connection as if it was new. A new one takes longer: the server forks and learns all names."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ALL")
    connection.ensure_timezone()


@contextmanager
def events_unprotected():
    """A transaction in which audit events can be changed and deleted, as only the owner of the table can.

    PostgreSQL's superuser has a switch for the session; it also takes foreign keys off. SQLite has none, so
    the triggers go and come back, if there is anything to protect.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {append_only.EVENTS})")
            protects = bool(cursor.fetchone()[0])
            if protects:
                append_only.remove(connection)
            yield
            if protects:
                append_only.install(connection)
            return
        cursor.execute("SELECT current_setting('is_superuser') = 'on'")
        if cursor.fetchone()[0]:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = origin")
            return
        cursor.execute(f"ALTER TABLE {append_only.EVENTS} DISABLE TRIGGER USER")
        yield
        cursor.execute(f"ALTER TABLE {append_only.EVENTS} ENABLE TRIGGER USER")
