"""The backend that settings.py names for PostgreSQL. Django looks for it in a module of this name."""

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that each request gives up if its server is a standby by now, or read-only.

    Such a server still answers. A connection that stayed there would refuse every write for as long as
    connections are kept, and would read what is out of date: sessions that have ended, for example.
    """

    def is_usable(self) -> bool:
        """Return whether the server answers and takes writes. Django asks before the first statement of a
        request, and after an error.
        """
        if self.connection is None:
            return False
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("SHOW transaction_read_only")
                return bool(cursor.fetchone() == ("off",))
        except base.Database.Error:
            return False
