"""Count the statements and transactions that django.test.utils.CaptureQueriesContext captured."""

import re


def statements(queries):
    """Return the SELECT, INSERT, UPDATE and DELETE statements, without BEGIN, COMMIT and savepoints."""
    return [q["sql"] for q in queries if re.match(r"SELECT|INSERT|UPDATE|DELETE", q["sql"].lstrip())]


def write_transactions(queries):
    """Return the number of commits after a write; a write outside a transaction counts as one."""
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
