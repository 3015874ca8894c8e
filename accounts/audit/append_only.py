"""Make audit events append-only by triggers in the database, whatever the application does (D41).

An UPDATE is refused, and so is a DELETE of an event that is younger than the stored retention. SQLite loses
triggers when a migration rebuilds the table, so each `migrate` ends by creating those that are missing.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

REFUSAL = "audit events are append-only"  # the error of the database

POSTGRESQL = {
    "accounts_auditevent_guard": """
        CREATE TRIGGER accounts_auditevent_guard BEFORE UPDATE OR DELETE ON accounts_auditevent
        FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_guard()
    """,
    "accounts_auditevent_no_truncate": """
        CREATE TRIGGER accounts_auditevent_no_truncate BEFORE TRUNCATE ON accounts_auditevent
        FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditevent_guard()
    """,
}
# Without a stored number of days the comparison is NULL, and the deletion is refused.
POSTGRESQL_FUNCTION = """
    CREATE OR REPLACE FUNCTION accounts_auditevent_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.created_at < now() - interval '1 day' * (SELECT max(days) FROM accounts_auditretention)
            THEN RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'restrict_violation';
    END
    $$
"""

SQLITE = {
    "accounts_auditevent_no_update": """
        CREATE TRIGGER accounts_auditevent_no_update BEFORE UPDATE ON accounts_auditevent
        BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
    """,
    "accounts_auditevent_no_delete": """
        CREATE TRIGGER accounts_auditevent_no_delete BEFORE DELETE ON accounts_auditevent
        WHEN NOT EXISTS (
            SELECT 1 FROM accounts_auditretention
            WHERE days IS NOT NULL AND OLD.created_at < datetime('now', '-' || days || ' days')
        )
        BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
    """,
    # INSERT OR REPLACE deletes the former row without telling the trigger above.
    "accounts_auditevent_no_replace": """
        CREATE TRIGGER accounts_auditevent_no_replace BEFORE INSERT ON accounts_auditevent
        WHEN EXISTS (SELECT 1 FROM accounts_auditevent WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
    """,
}


def triggers_of(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return the statements that create the triggers, by name."""
    return POSTGRESQL if connection.vendor == "postgresql" else SQLITE


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are not there, or that PostgreSQL was told to skip."""
    found = (
        "SELECT tgname FROM pg_trigger"
        " WHERE tgrelid = to_regclass('accounts_auditevent') AND tgenabled IN ('O', 'A')"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'accounts_auditevent'"
    )
    with connection.cursor() as cursor:
        cursor.execute(found)
        names = {name for (name,) in cursor.fetchall()}
    return sorted(triggers_of(connection).keys() - names)


def create_missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Create the triggers that are missing; return their names."""
    missing = missing_triggers(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and missing:
            cursor.execute(POSTGRESQL_FUNCTION)
        for name in missing:
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON accounts_auditevent")
            cursor.execute(triggers_of(connection)[name])
    return missing


def after_migrate(using: str, **kwargs: Any) -> None:
    """Create what a migration has lost. A receiver of post_migrate."""
    connection = connections[using]
    if {"accounts_auditevent", "accounts_auditretention"} <= set(connection.introspection.table_names()):
        create_missing(connection)
