"""Find time limits that connections to PostgreSQL do not have, for `check --database` and `doctor`."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.database.limits import LIMITS

# What RESET would go back to: a transaction may have lifted a limit for itself.
FOUND = (
    "SELECT name, reset_val FROM pg_settings "
    "WHERE name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'TimeZone')"
)


def missing(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield sentences, each with the statement that helps, about limits that a connection does not have."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(FOUND)
        found = dict(cursor.fetchall())
        cursor.execute("SELECT quote_ident(current_user)")
        role = cursor.fetchone()[0]
    for name, longest in LIMITS.items():
        if not 0 < int(found[name]) <= longest:
            has = f"is {found[name]} ms" if int(found[name]) else "is not set"
            yield f"{name} {has}: ALTER ROLE {role} SET {name} = {longest}"
    if settings.DATABASE_POOLER and found["TimeZone"] != "UTC":
        yield f"TimeZone is {found['TimeZone']}: ALTER ROLE {role} SET TimeZone = 'UTC'"


@register(Tags.database)
def time_limits(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about limits that are missing: `check --database default`, and before `migrate`."""
    try:
        sentences = [sentence for alias in databases or () for sentence in missing(connections[alias])]
    except OperationalError as error:
        reason = next(iter(str(error).splitlines()), "")
        return [
            Error(
                f"The database does not answer ({reason}). Check that DATABASE_URL is right and that "
                "the server runs.",
                id="accounts.E024",
            )
        ]
    return [
        Warning(
            f"A connection to the database has too few time limits: {sentence}",
            hint="Then have the pooler open new connections: RECONNECT in its console.",
            id="accounts.W020",
        )
        for sentence in sentences
    ]
