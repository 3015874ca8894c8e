"""The time limits that PostgreSQL itself keeps, so that nothing stands still behind something slow.

Without a pooler each connection asks for them at its start. A pooler such as PgBouncer takes no such request
and hands connections on, so there they belong to the role: `ALTER ROLE ... SET`. checks.py says what is
missing, whatever stands in between.
"""

# Milliseconds: for a lock, for a statement, and until what is stuck in a transaction loses its locks.
LIMITS = {"lock_timeout": 3000, "statement_timeout": 4000, "idle_in_transaction_session_timeout": 60_000}


def at_the_start() -> str:
    """Return the limits as the parameter `options` of a connection without a pooler."""
    return " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
