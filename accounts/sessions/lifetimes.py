"""How long a session is valid, and what shortens that (D11)."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Expression, QuerySet, Subquery

from accounts.models import Session
from accounts.plugins import Registry

PENDING_LIFETIME = timedelta(minutes=10)
IDLE_LIFETIME = timedelta(minutes=20160)
ABSOLUTE_LIFETIME = timedelta(minutes=20160)
LAST_USED_RESOLUTION = timedelta(minutes=1)

# Extra columns of sessions with limits in minutes (None for no limit): idle, and since the sign-in.
TIMEOUT_LIMIT = "session_timeout"
REMEMBER_LIMIT = "session_remember"
# The same for a pending login, which has no user yet: how long its browser would be remembered.
PENDING_REMEMBER_LIMIT = "pending_remember"

# Additional columns in the statement that reads a session: attribute -> subquery.
extra_columns: Registry[Expression | Subquery] = Registry()


def limit_columns() -> dict[str, Expression | Subquery]:
    """Return the extra columns with limits, for any rows with a `user_id`."""
    return {name: extra_columns[name] for name in (TIMEOUT_LIMIT, REMEMBER_LIMIT) if name in extra_columns}


def limits_of(rows: QuerySet[Any], known: Session | None = None) -> dict[str, int | None]:
    """Return what limits the sessions of a user: the same for all of these rows, so it is read once.

    `known` is one that was read with it, as that of each request is.
    """
    names = limit_columns()
    if known is not None and all(name in known.__dict__ for name in names):
        return {name: known.__dict__[name] for name in names}
    return rows.annotate(**names).values(*names).first() or dict.fromkeys(names) if names else {}


def is_alive(row: Session, now: datetime) -> bool:
    person = row.user or row.pending_user
    return (
        person is not None
        and person.is_active
        and person.security_stamp == row.security_stamp
        and row.created_at <= now + LAST_USED_RESOLUTION  # in the future: the clock was set back
        and now < row.expires_at
        and now - row.created_at < shortest(ABSOLUTE_LIFETIME, row, REMEMBER_LIMIT)
        # `last_used_at` may be a minute old: a session may end a minute early, but never late.
        and now - last_use(row, now) < shortest(IDLE_LIFETIME, row, TIMEOUT_LIMIT)
    )


def last_use(row: Session, now: datetime) -> datetime:
    """Return when a session was last used: if that lies in the future, when it began (D43)."""
    return row.last_used_at if row.last_used_at <= now + LAST_USED_RESOLUTION else row.created_at


def shortest(lifetime: timedelta, row: models.Model, limit: str) -> timedelta:
    """Return the lifetime, or the row's limit (an attribute in minutes) if it has a shorter one."""
    minutes: int | None = getattr(row, limit, None)
    return lifetime if minutes is None else min(lifetime, timedelta(minutes=minutes))
