"""Which tests run on which database: `make test` and `make test-all` call this, with what is for pytest.

Everything runs on PostgreSQL, which is the stricter one. What depends on the database, what does not at all,
and what takes long, is marked in tests/support/marks.py. At the end of each part stand its ten slowest tests,
and after the last one the CPU minutes of all, servers and browsers included.
"""

import os
import resource
import subprocess
import sys

from tests.support import postgres

# The parts of a run: (database, which marks).
PARTS = {
    "test": [("postgresql", "not long"), ("sqlite", "database and not long")],
    # What `test` leaves out.
    "rest": [("postgresql", "long"), ("sqlite", "(long or not database) and not once")],
}
# Where PostgreSQL cannot be had.
PARTS_WITHOUT = {"test": [("sqlite", "not long")], "rest": [("sqlite", "long")]}

NOTHING_FITS = 5  # pytest's exit code
PYTEST = [sys.executable, "-m", "pytest", "--numprocesses=auto", "--dist=worksteal", "--durations=10"]


def main(name, *arguments):
    results = [run(database, marks, arguments) for database, marks in parts_of(name)]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"== {(used.ru_utime + used.ru_stime) / 60:.1f} CPU minutes, servers and browsers included")
    if set(results) == {NOTHING_FITS}:
        print("== no test fits; what takes long is left to `make test-all`")
        return NOTHING_FITS
    return next((result for result in results if result not in (0, NOTHING_FITS)), 0)


def parts_of(name):
    """With CI set, the tests on PostgreSQL fail where there is none, instead of being left out."""
    if os.environ.get("CI") or not (reason := postgres.why_not()):
        return PARTS[name]
    print(f"== no PostgreSQL, so that everything runs on SQLite only: {reason}", flush=True)
    return PARTS_WITHOUT[name]


def run(database, marks, arguments):
    """pytest's exit code."""
    print(f"== tests on {database}: {marks}", flush=True)
    command = [*PYTEST, "-m", marks, *arguments]
    return subprocess.run(command, env={**os.environ, "TEST_DATABASE": database}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
