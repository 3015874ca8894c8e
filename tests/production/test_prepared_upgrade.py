"""`migrate` of a new release changes tables under a site whose statements are prepared (OF14)."""

import os

import psycopg
import pytest

from tests.support import dumps, environment
from tests.support.load import PROFILE
from tests.support.servers import start_site
from tests.test_dependencies import manage, sign_up

pytestmark = pytest.mark.planner  # PostgreSQL only

OFTEN = 60  # requests: each connection of the site asks what it asks often enough to have it prepared
# What a release may do while the former one goes on.
ADDITIVE = """
ALTER TABLE accounts_user ADD COLUMN new integer;
ALTER TABLE accounts_user ADD COLUMN other text NOT NULL DEFAULT 'x';
ALTER TABLE accounts_session ADD COLUMN new integer;
CREATE INDEX new ON accounts_session (new);
ALTER TABLE organizations_membership ADD COLUMN new timestamptz;
ANALYZE
"""
# What it must not (tests/support/migrations.py): PostgreSQL refuses a plan for another length.
FORBIDDEN = "ALTER TABLE accounts_user ALTER email TYPE varchar(500)"


@pytest.fixture
def url(tmp_path):
    name = f"prepared_{environment.WORKER}"
    made = dumps.new_database(tmp_path, name)
    assert manage("migrate", "--verbosity=0", DATABASE_URL=made).wait(120) == 0
    yield made
    with psycopg.connect(os.environ["TEST_SERVER_URL"], autocommit=True) as session:
        session.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def live_site(url):
    site = start_site(url, workers=1, threads=2)
    yield site
    site.stop()


def change(url, statements):
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(statements)


def test_of14_columns_that_are_added_break_nothing_that_is_prepared(url, live_site):
    visitor = sign_up(live_site, "alice")
    before = [visitor.get(PROFILE).status for _ in range(OFTEN)]

    change(url, ADDITIVE)

    assert before == [200] * OFTEN
    assert [visitor.get(PROFILE).status for _ in range(OFTEN)] == before
    assert sign_up(live_site, "bob").get(PROFILE).status == 200


def test_of14_a_plan_that_the_server_refuses_is_a_503_once_for_each_connection(url, live_site):
    visitor = sign_up(live_site, "alice")
    assert [visitor.get(PROFILE).status for _ in range(OFTEN)] == [200] * OFTEN

    change(url, FORBIDDEN)
    found = [visitor.get(PROFILE).status for _ in range(OFTEN)]

    assert set(found) == {200, 503}, "503: it was prepared, or this test shows nothing"
    assert 1 <= found.count(503) <= 3  # its two threads, and what sends mails
    assert "a column has another type than when the statement was prepared" in live_site.log()
    assert "Internal Server Error" not in live_site.log()
