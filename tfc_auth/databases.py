"""Say how connections to PostgreSQL are made, with a pooler such as PgBouncer in between or without."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from accounts.database.limits import at_the_start

# Asked so often on one connection, a hot statement is prepared (docs/decisions/0024-prepared-statements.md).
PREPARED_AFTER = 1


def with_limits(database: dict[str, Any], *, pooler: bool, prepared: bool) -> dict[str, Any]:
    """Return the settings of a PostgreSQL database with which a server that is away or stuck costs seconds.

    With `prepared`, the server plans hot statements once for each connection
    (accounts/database/postgresql/plans.py). Raises ImproperlyConfigured.
    """
    given: dict[str, Any] = database.get("OPTIONS", {})
    if "," in f"{database.get('HOST', '')}{given.get('host', '')}":
        given = {"target_session_attrs": "read-write", **given}  # the primary of several (docs/standby.md)
    options = {
        **given,
        "connect_timeout": 2,
        # A host that is gone sends nothing at all, and TCP alone retries for about 15 minutes.
        "tcp_user_timeout": 2500,  # milliseconds
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        # A prepared statement stays on the connection, and not every pooler knows whose it is.
        "prepare_threshold": PREPARED_AFTER if prepared else None,
    }
    if not pooler:
        options["options"] = f"{given.get('options', '')} {at_the_start()}".strip()
    elif "options" in given:
        raise ImproperlyConfigured(
            "With DATABASE_POOLER=1, DATABASE_URL can't have options=..., which a pooler does not keep: "
            "take it out, and write ALTER ROLE ... SET ... in the database instead."
        )
    return {
        **database,
        "ENGINE": "accounts.database.postgresql",
        "DISABLE_SERVER_SIDE_CURSORS": pooler,  # outside of transactions, they stay on the connection
        "OPTIONS": options,
    }
