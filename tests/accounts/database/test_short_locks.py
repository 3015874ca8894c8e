"""`migrate` on a site that is in use: it gives way to people, and comes through."""

import os
import subprocess
import sys
import time

import psycopg
import pytest

from tests.support import environment

pytestmark = [pytest.mark.planner, pytest.mark.django_db(transaction=True)]

TABLE = "accounts_apitoken"
FORMER = ["accounts", "0008"]


def migrate(*arguments, url):
    command = [sys.executable, "manage.py", "migrate", *arguments]
    kept = {**environment.environment, "DATABASE_URL": url}
    return subprocess.Popen(
        command, cwd=environment.ROOT, env=kept, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_of14_migrate_waits_for_a_table_and_blocks_nobody_for_long(own_database):
    """A backup reads a table; what comes after it does not wait for `migrate` to get its lock."""
    with migrate(*FORMER, url=own_database) as back:
        back.communicate(timeout=120)
    assert back.returncode == 0
    longest = 0.0
    with psycopg.connect(own_database) as backup, psycopg.connect(own_database, autocommit=True) as page:
        backup.execute(f"LOCK TABLE {TABLE} IN ACCESS SHARE MODE")
        with migrate(url=own_database) as running:
            end = time.monotonic() + 8
            while time.monotonic() < end and running.poll() is None:
                began = time.monotonic()
                page.execute(f"SELECT count(*) FROM {TABLE}")
                longest = max(longest, time.monotonic() - began)
                time.sleep(0.01)
            assert running.poll() is None, running.communicate()
            backup.rollback()
            out, err = running.communicate(timeout=120)

    assert running.returncode == 0, err
    assert "A table is in use: trying again ..." in out
    assert 0.1 < longest < 2, "it queues for half a second, and then lets others go first"


@pytest.fixture
def own_database():
    """A database of its own: what the other tests use is not changed."""
    server, _, query = os.environ["TEST_SERVER_URL"].partition("?")
    name = f"short_locks_{environment.WORKER}"
    with psycopg.connect(os.environ["TEST_SERVER_URL"], autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")
        url = f"{server.rpartition('/')[0]}/{name}?{query}".rstrip("?")
        with migrate(url=url) as running:
            running.communicate(timeout=120)
        yield url
        session.execute(f"DROP DATABASE {name} WITH (FORCE)")
