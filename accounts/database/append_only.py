"""Triggers that make the table of audit events append-only, for PostgreSQL and SQLite.

An UPDATE is always refused. A DELETE is refused unless the row is older than the stored retention, and then
30 days at least. TRUNCATE is refused, and so is REPLACE, by which SQLite deletes without a trigger.

A migration installs them, and every `migrate` puts back what is missing: SQLite loses the triggers of a table
that a migration rebuilds. The owner of the table can remove them; `doctor` names that.
"""

from collections.abc import Mapping

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

EVENTS = "accounts_auditevent"
RETENTION = "accounts_auditretention"
SHORTEST_RETENTION = 30  # days
REFUSED = "audit events are append-only"

# ruff: noqa: S608 - the statements are made of the constants above

# The name of the retention's table is qualified, so that no temporary table can stand in for it.
FUNCTION_BODY = f"""
DECLARE
    kept integer;
BEGIN
    IF TG_OP = 'DELETE' THEN
        EXECUTE format('SELECT max(days) FROM %I.{RETENTION}', TG_TABLE_SCHEMA) INTO kept;
        IF kept >= {SHORTEST_RETENTION} AND OLD.created_at < now() - make_interval(days => kept) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'restrict_violation';
END
"""
FUNCTION = (
    f"CREATE OR REPLACE FUNCTION {EVENTS}_guard() RETURNS trigger LANGUAGE plpgsql "
    f"SET search_path = pg_catalog, pg_temp AS $guard${FUNCTION_BODY}$guard$"
)
# By name: when they fire, and pg_trigger.tgtype (row 1, before 2, delete 8, update 16, truncate 32).
POSTGRESQL = {
    "audit_events_stay": (f"BEFORE UPDATE OR DELETE ON {EVENTS} FOR EACH ROW", 1 + 2 + 8 + 16),
    "audit_events_are_not_truncated": (f"BEFORE TRUNCATE ON {EVENTS} FOR EACH STATEMENT", 2 + 32),
}
DAYS = f"(SELECT max(days) FROM {RETENTION})"
SQLITE = {
    "audit_events_stay_as_they_are": f"BEFORE UPDATE ON {EVENTS}",
    "audit_events_stay": (
        f"BEFORE DELETE ON {EVENTS} WHEN coalesce({DAYS}, 0) < {SHORTEST_RETENTION} "
        f"OR OLD.created_at >= datetime('now', '-' || {DAYS} || ' days')"
    ),
    "audit_events_are_not_replaced": (
        f"BEFORE INSERT ON {EVENTS} WHEN EXISTS (SELECT 1 FROM {EVENTS} WHERE id = NEW.id)"
    ),
}


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that are missing, disabled or not as written here."""
    if connection.vendor == "postgresql":
        return sorted(POSTGRESQL.keys() - found_in_postgresql(connection))
    found = found_in_sqlite(connection)
    return sorted(name for name, when in SQLITE.items() if found.get(name) != in_sqlite(name, when))


def install(connection: BaseDatabaseWrapper) -> list[str]:
    """Create the triggers that are missing; return their names."""
    absent = missing(connection)
    if not absent:
        return []
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
            for name, (when, _type) in POSTGRESQL.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {EVENTS}")
                cursor.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {EVENTS}_guard()")
        else:
            for name in absent:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(in_sqlite(name, SQLITE[name]))
    return absent


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers, as the owner of the table can: for going back to a migration before them."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in POSTGRESQL:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {EVENTS}")
            cursor.execute(f"DROP FUNCTION IF EXISTS {EVENTS}_guard()")
        else:
            for name in SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def in_sqlite(name: str, when: str) -> str:
    return f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"


def found_in_sqlite(connection: BaseDatabaseWrapper) -> Mapping[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [EVENTS]
        )
        return dict(cursor.fetchall())


def found_in_postgresql(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the triggers that fire on all rows and columns, and whose function is the one above."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgtype FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE tgrelid = to_regclass(%s) AND tgenabled IN ('O', 'A') AND tgqual IS NULL "
            "AND tgattr::text = '' AND prosrc = %s",
            [EVENTS, FUNCTION_BODY],
        )
        return {name for name, kind in cursor.fetchall() if POSTGRESQL.get(name, ("", 0))[1] == kind}
