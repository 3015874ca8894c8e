"""Databases of released versions, as SQL, and what the people in them know.

`python -m tests.support.dumps TREE FOLDER` runs the release in TREE, has people use it by its pages and its
API, and writes FOLDER/postgresql.sql or FOLDER/sqlite.sql (by TEST_DATABASE) with a .json beside it. TREE is
the release's own: `git worktree add TREE COMMIT`.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from tests.support import releases
from tests.support.dump_people import MACHINE, Known, use
from tests.support.environment import KIND

HERE = Path(__file__).resolve().parents[1] / "production" / "dumps"
TIME = re.compile(r"(?<=')\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?=(?:\+00)?')")
MADE = "-- made at "
# Only psql understands lines with a backslash, and the server's version is of no use.
NOISE = re.compile(r"^(?:\\.*|--.*|SET .*|SELECT pg_catalog\.set_config.*|)$")

# ---------------------------------------------------------------- reading a dump


def load(folder, kind, database_url):
    """Fill an empty database with a dump; return its people by name.

    All times move along, so that the dump was made a moment ago: sessions and links do not last for ever,
    and the minute between two texts is over.
    """
    text = (folder / f"{kind}.sql").read_text()
    made = datetime.fromisoformat(text.partition("\n")[0].removeprefix(MADE))
    text = later(text, datetime.now(UTC) - made - timedelta(minutes=2))
    if kind == "sqlite":
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as database:
            database.executescript(text)
    else:
        with psycopg.connect(database_url, autocommit=True) as database:
            database.execute(text)
    known = json.loads((folder / f"{kind}.json").read_text())
    return {name: Known(**what) for name, what in known.items()}


def later(text, distance):
    """Every time in a dump, moved by this distance."""

    def moved(match):
        return (datetime.fromisoformat(match[0]) + distance).isoformat(" ", "microseconds")

    return TIME.sub(moved, text)


# ---------------------------------------------------------------- making one


def make(tree, folder):
    """Have people use the release in this tree, and write down the database."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        url = new_database(Path(place))
        releases.manage(tree, url, "migrate", **MACHINE)
        people = use(tree, url)  # and the site has ended
        now = datetime.now(UTC).isoformat()
        (folder / f"{KIND}.sql").write_text(f"{MADE}{now}\n{written_down(url)}")
    known = {name: asdict(person) for name, person in people.items()}
    (folder / f"{KIND}.json").write_text(json.dumps(known, indent=1) + "\n")


def new_database(place, name="dump"):
    """DATABASE_URL of a new and empty database: a file in this place, or one of the run's own server."""
    if KIND == "sqlite":
        return f"sqlite:///{place / name}.sqlite3"
    server, _, query = os.environ["TEST_SERVER_URL"].partition("?")
    with psycopg.connect(os.environ["TEST_SERVER_URL"], autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}?{query}".rstrip("?")


def written_down(url):
    if KIND == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return "\n".join(database.iterdump()) + "\n"
    command = ["pg_dump", "--no-owner", "--no-privileges", "--rows-per-insert=500", f"--dbname={url}"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in text.splitlines() if not NOISE.match(line)) + "\n"


def main(tree, folder):
    make(Path(tree).resolve(), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
