"""What statements touch as they really run: with the plans that the server keeps."""

import json
from contextlib import contextmanager

from django.db import connection

# After five executions, PostgreSQL may keep one plan of a prepared statement for all values.
OFTEN = 12
TELL = (
    "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on; "
    "SET auto_explain.log_buffers = on; SET auto_explain.log_timing = off; "
    "SET auto_explain.log_format = json; SET client_min_messages = log"
)
TELL_NO_MORE = "SET auto_explain.log_min_duration = -1; RESET client_min_messages"


@contextmanager
def plans():
    """The plans of what this connection is asked, as the server itself tells them along with its answers."""
    found = []

    def note(notice):
        _before, _plan, text = (notice.message_primary or "").partition("plan:\n")
        if text:
            found.append(json.loads(text))

    connection.ensure_connection()
    connection.connection.add_notice_handler(note)
    run(TELL)
    try:
        yield found
    finally:
        run(TELL_NO_MORE)
        connection.connection.remove_notice_handler(note)


def plan_anew():
    """Have foreign keys to people and organizations checked by plans for as many rows as there are now.

    Where this connection knew of a few rows, it reads them all, for each row that refers to one of them.
    """
    run("ANALYZE accounts_user, organizations_organization")


def run(statements):
    with connection.cursor() as cursor:
        cursor.execute(statements)


def blocks(act, times=OFTEN):
    """How many blocks the statements of `act` touch, all together, in the worst of so many runs."""
    worst = 0
    for _ in range(times):
        with plans() as found:
            act()
        assert found
        worst = max(worst, sum(map(touched, found)))
    return worst


def touched(plan):
    return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
