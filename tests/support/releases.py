"""Trees of released versions, from the history of this repository, and their `manage.py`."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.environment import ROOT

# Its commit, by release. Each has dumps below tests/production/dumps.
RELEASES = {"0.1.0": "a5dae96"}
# Its last parent had other texts of two migrations than the release.
BEFORE_THE_FIRST = ("before-0.1.0", "6ef7bce^")

NO_HISTORY = "the history of this copy is cut off before 0.1.0 (git fetch --unshallow)"
# What older releases need besides, and the locks do not have.
FORMER = Path(__file__).parent / "former"


def has_history():
    """Whether the tree of the oldest release can be taken out of the history."""
    command = ["git", "cat-file", "-e", f"{RELEASES['0.1.0']}^{{tree}}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def check_out(commit, directory):
    """Write the tree of a commit into a directory, and return that."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-x"], cwd=directory, input=archive.stdout, check=True)
    return directory


def environment(database_url, **settings):
    """The environment of a process of any release."""
    return {**os.environ, "PYTHONPATH": str(FORMER), "DATABASE_URL": database_url, **settings}


def manage(tree, database_url, *arguments, check=True, **settings):
    """Run a command of the release in this tree; return the finished process, with its output as text."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=tree,
        env=environment(database_url, **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done
