"""Ids of rows that are gone do not come back, whatever `migrate` does to a table."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.support import environment

BEFORE = ("organizations", "0004")


@pytest.fixture
def site(tmp_path):
    """A site of the former release on SQLite, as its `manage.py` and its database."""
    path = tmp_path / "db.sqlite3"
    kept = {**os.environ, "DATABASE_URL": f"sqlite:///{path}"}

    def manage(*arguments):
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=environment.ROOT, env=kept, capture_output=True, check=True)

    manage("migrate", *BEFORE)
    return manage, path


def insert(path, name):
    with closing(sqlite3.connect(path)) as database, database:
        row = database.execute(
            "INSERT INTO organizations_organization (name, email, collaborator_auth_policy, created_at) "
            "VALUES (?, 'x@example.com', 'password', '2026-01-01')",
            [name],
        )
        return row.lastrowid


def delete(path, pk):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM organizations_organization WHERE id = ?", [pk])


def test_af3_a_new_column_gives_no_id_to_a_second_organization(site):
    manage, path = site
    kept, gone = insert(path, "kept"), insert(path, "gone")
    delete(path, gone)

    manage("migrate")
    new = insert(path, "new")
    delete(path, new)
    manage("migrate", *BEFORE)

    assert kept < gone < new < insert(path, "newer")
