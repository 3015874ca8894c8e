"""The backend for PostgreSQL, which tfc_auth/settings.py names. Django looks for it in this module."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base

from accounts.database.postgresql.waiting import Driver

SECONDS_TO_ANSWER = 2  # a server that is well needs a thousandth of a second


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that each request gives up if its server is a standby by now, or read-only.

    Such a server still answers. A connection that stayed there would refuse every write for as long as
    connections are kept, and would read what is out of date: sessions that have ended, for example.
    """

    Database: Any = Driver()

    def is_usable(self) -> bool:
        """Return whether the server answers and takes writes. Django asks before the first statement of a
        request, and after an error.
        """
        if self.connection is None:
            return False
        self.connection.limit = SECONDS_TO_ANSWER
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("SHOW transaction_read_only")
                return bool(cursor.fetchone() == ("off",))
        except psycopg.Error:
            return False
        finally:
            self.connection.limit = None
