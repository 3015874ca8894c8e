"""How long a session lives, and what makes that shorter (D11)."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Expression, Subquery

from accounts.models import Session
from accounts.plugins import Registry

PENDING_LIFETIME = timedelta(minutes=10)
IDLE_LIFETIME = timedelta(minutes=20160)
ABSOLUTE_LIFETIME = timedelta(minutes=20160)
LAST_USED_RESOLUTION = timedelta(minutes=1)

# Minutes, in extra columns of sessions (None where nobody shortens it): idle, and from the sign-in on.
TIMEOUT = "session_timeout"
REMEMBER = "session_remember"
# The latter for a pending login, which has no user yet: how long its browser would be remembered.
PENDING_REMEMBER = "pending_remember"

# What the read of a session selects besides, without a statement of its own: attribute -> sub-select.
extra_columns: Registry[Expression | Subquery] = Registry()


def limit_columns() -> dict[str, Expression | Subquery]:
    """Return the extra columns that shorten the life of a row that has a user_id."""
    return {name: extra_columns[name] for name in (TIMEOUT, REMEMBER) if name in extra_columns}


def is_alive(row: Session, now: datetime) -> bool:
    person = row.user or row.pending_user
    return (
        person is not None
        and person.is_active
        and person.security_stamp == row.security_stamp
        and row.created_at <= now + LAST_USED_RESOLUTION  # a session from the future is a clock set back
        and now < row.expires_at
        and now - row.created_at < shortest(ABSOLUTE_LIFETIME, row, REMEMBER)
        # The note of the last use may be a minute old: a session ends that much early, and never late.
        and now - row.last_used_at < shortest(IDLE_LIFETIME, row, TIMEOUT)
    )


def shortest(lifetime: timedelta, row: models.Model, limit: str) -> timedelta:
    """Return what is left of a lifetime by the limit (in minutes) that the row carries, if it does."""
    minutes: int | None = getattr(row, limit, None)
    return lifetime if minutes is None else min(lifetime, timedelta(minutes=minutes))
