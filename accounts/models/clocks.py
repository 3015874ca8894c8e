"""How far ahead stored times may lie."""

from datetime import timedelta

from accounts.plugins import Registry

CLOCK_SKEW = timedelta(minutes=1)  # by which the clocks of two servers may differ

# By column, as "accounts.Session.expires_at": the longest time from now, or None for any. A column that is
# not listed here holds the time of something that has happened.
horizons: Registry[timedelta | None] = Registry()
