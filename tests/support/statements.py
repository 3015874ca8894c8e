"""Counting what was asked of the database, from django.test.utils.CaptureQueriesContext."""

import re


def statements(queries):
    """SELECT, INSERT, UPDATE and DELETE; BEGIN, COMMIT and savepoints are not counted."""
    return [q["sql"] for q in queries if re.match(r"SELECT|INSERT|UPDATE|DELETE", q["sql"].lstrip())]


def write_transactions(queries):
    """Commits after a write; a write outside a transaction is one of its own."""
    count, inside, wrote = 0, False, False
    for query in queries:
        sql = query["sql"].lstrip().upper()
        if sql.startswith("BEGIN"):
            inside, wrote = True, False
        elif sql.startswith("COMMIT"):
            count += wrote
            inside = wrote = False
        elif sql.startswith(("INSERT", "UPDATE", "DELETE")):
            wrote = True
            count += not inside
    return count
