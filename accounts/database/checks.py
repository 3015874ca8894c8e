"""Find what connections to PostgreSQL lack behind a pooler, for `check --database` and `doctor`."""

from collections.abc import Iterator
from typing import Any

import psycopg
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import Error as DatabaseError
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.database.limits import LIMITS
from accounts.database.postgresql import plans

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


def refused_by_pooler(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield a sentence if statements are prepared, and the pooler does not keep them. It may have no
    connections left to try.
    """
    if not (settings.DATABASE_POOLER and settings.DATABASE_PREPARED_STATEMENTS):
        return
    try:
        kept = connection.vendor != "postgresql" or plans.are_kept(connection)
    except (DatabaseError, psycopg.Error):
        return
    if not kept:
        yield plans.POOLER


@register(Tags.database)
def prepared_statements(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse prepared statements behind a pooler that does not keep them: every page would fail by chance."""
    sentences = [sentence for alias in databases or () for sentence in refused_by_pooler(connections[alias])]
    return [Error(f"With DATABASE_PREPARED_STATEMENTS=1, {each}.", id="accounts.E025") for each in sentences]


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
