"""Which stored times may lie ahead, and how far."""

from datetime import timedelta

from accounts.plugins import Registry

# By column, as "accounts.Session.expires_at": the longest time from now, or None for any. A column that is
# not listed here holds the time of something that has happened.
horizons: Registry[timedelta | None] = Registry()
