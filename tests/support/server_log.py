"""Read PostgreSQL's own log of the statements that it was sent, of a server of tests/support/postgres.py."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

# As `log_line_prefix` in tests/support/postgres.py writes it; further lines of an entry begin with a tab.
ENTRY = re.compile(
    r"^\d{4}-\S+ \S+ \S+ \[(?P<pid>\d+)\] (?P<database>\S*) \w+:  (?P<text>.*(?:\n\t.*)*)", re.MULTILINE
)
STATEMENT = re.compile(r"(?:statement|execute [^:]*): (.*)", re.DOTALL)


def path_of(url):
    """Return the log of the server of this DATABASE_URL, or None if we have not started that server."""
    host = parse_qs(urlsplit(url).query).get("host", [""])[0]
    path = Path(host, "log")
    return path if host.startswith("/") and path.exists() else None


def read_statements(path, offset, database):
    """Return {"sql": text, "pid": number} for each statement since `offset` bytes, connection by connection.

    Only what the settings `log_statement` had logged is there.
    """
    with path.open("rb") as log:
        log.seek(offset)
        text = log.read().decode(errors="replace")
    found = []
    for entry in ENTRY.finditer(text):
        statement = STATEMENT.match(entry["text"].replace("\n\t", "\n"))
        if statement and entry["database"] == database:
            found.append({"sql": statement[1], "pid": int(entry["pid"])})
    return sorted(found, key=lambda one: one["pid"])
