"""The test's own hands on the database, where the product has no door for it."""

from contextlib import contextmanager

from django.db import connection, transaction

from accounts.audit import append_only

PERMANENT_TABLES = {"django_content_type", "auth_permission"}


def empty_tables():
    """DELETE takes milliseconds, TRUNCATE a tenth of a second.

    Content types and permissions stay as they are, so that running servers need not learn them anew.
    """
    tables = set(connection.introspection.django_table_names()) - PERMANENT_TABLES
    with transaction.atomic(), without_triggers(), connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@contextmanager
def without_triggers():
    """Let audit events be changed in this block, as the owner of the tables could. Inside a transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER USER")
            yield
            cursor.execute("ALTER TABLE accounts_auditevent ENABLE TRIGGER USER")
            return
        cursor.execute("SELECT 1 FROM accounts_auditevent LIMIT 1")
        if not cursor.fetchone():
            yield
            return
        for name in append_only.SQLITE:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        yield
        append_only.create_missing(connection)
