"""The test's own hands on the database, where the product has no door for it."""

from contextlib import contextmanager

from django.db import connection, transaction

from accounts.database import append_only

PERMANENT_TABLES = {"django_content_type", "auth_permission"}


def empty_tables():
    """DELETE takes milliseconds, TRUNCATE a tenth of a second.

    Content types and permissions stay as they are, so that running servers need not learn them anew.
    """
    tables = set(connection.introspection.django_table_names()) - PERMANENT_TABLES
    with events_unprotected(), connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


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
