"""Change tables of a site that is in use: give up a lock soon, and try again.

A statement that waits for the lock of a table keeps everybody waiting who comes after it. And one that waits
while its transaction holds the lock of another table makes deadlocks, in which PostgreSQL ends one side after
a second: that can be somebody's request. So a migration waits less than that, lets go of all that it holds,
and begins anew.
"""

import time
from collections.abc import Callable

from django.db import OperationalError

from accounts.database.timeouts import in_each_transaction

LIMIT = "SELECT set_config('lock_timeout', '500ms', true)"  # of a transaction; SQLite has its own limit
LOCKED = ("55P03", "40P01")  # PostgreSQL's SQLSTATE: the lock was not available, or a deadlock was ended
PAUSE = 0.5  # seconds
TRIES = 120


def retry_while_in_use(act: Callable[[], object], tell: Callable[[str], None]) -> None:
    """Carry out `act`, and begin anew when a table is in use. Raises OperationalError in the end."""
    for attempt in range(1, TRIES + 1):
        try:
            with in_each_transaction(LIMIT):
                act()
            return
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in LOCKED or attempt == TRIES:
                raise
        tell("A table is in use: trying again ...")
        time.sleep(PAUSE)
