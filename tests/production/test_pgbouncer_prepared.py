"""Prepared statements behind a real PgBouncer that keeps them, and one that does not (OF5)."""

import pytest

from tests.production.test_pgbouncer import execute, left_behind, manage, of_guide, under_load
from tests.races.conftest import rounds  # noqa: F401 - a fixture
from tests.races.test_one_time import (  # noqa: F401 - they run here, too
    test_rc_01_one_code_from_twenty_pending_logins_is_one_login,
)
from tests.support import environment
from tests.support.load import PROFILE
from tests.support.machine import no_program
from tests.support.parallel import sign_in
from tests.support.pgbouncer import KEEPS_PREPARED_STATEMENTS, PROGRAM, PgBouncer, version
from tests.support.servers import start_site as start

pytestmark = [
    pytest.mark.planner,  # PostgreSQL only
    pytest.mark.skipif(PROGRAM is None, reason=no_program("pgbouncer")),
]

ROLE = f"prepared_{environment.WORKER}"
ON = {"DATABASE_PREPARED_STATEMENTS": "1"}
KEEPS = {"pool_mode": "transaction", "max_prepared_statements": "200"}
SESSIONS = {"pool_mode": "session"}
LOSES = {"pool_mode": "transaction"}
ABLE = [SESSIONS]
if PROGRAM is not None and version() >= KEEPS_PREPARED_STATEMENTS:
    LOSES |= {"max_prepared_statements": "0"}
    ABLE += [KEEPS]
CHECK = ["check", "--database", "default", "--fail-level", "WARNING"]
REFUSED = "the pooler hands connections on without their prepared statements"


@pytest.fixture(scope="module")
def role(django_db_setup):
    execute(f"CREATE ROLE {ROLE} SUPERUSER LOGIN PASSWORD 'second-password'; {of_guide(ROLE)}")
    yield ROLE
    execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def pooler(role):
    running = []

    def begin(**settings):
        url = environment.test_database_url()
        running.append(PgBouncer(url, role, "second-password", default_pool_size="12", **settings))
        return running[-1]

    yield begin
    for each in running:
        each.stop()


@pytest.fixture(params=ABLE, ids=lambda settings: f"by {settings['pool_mode']}")
def able(request, pooler):
    return pooler(**request.param)


@pytest.fixture
def live_site(transactional_db, able):
    site = start(able.url, DATABASE_POOLER="1", **ON)
    yield site
    site.stop()


def test_of5_a_pooler_that_keeps_prepared_statements_is_used_with_them(able, live_site, alice):
    with under_load(live_site) as load:
        load.wait_for(200, 60)

    assert set(load.statuses()) <= {200, 302, 429}
    assert sign_in(live_site, alice).get(PROFILE).status == 200
    code, said = manage(able, *CHECK, **ON)
    assert code == 0, said
    if able.settings["pool_mode"] == "session":
        live_site.stop()
        assert left_behind(able) == []


def test_of5_a_pooler_that_loses_prepared_statements_is_named(pooler, transactional_db):
    unable = pooler(**LOSES)

    for command in (CHECK, ["migrate"], ["doctor"]):
        code, said = manage(unable, *command, **ON)
        assert code == 1
        assert REFUSED in said, said
    assert "WRONG: prepared statements" in said
    assert manage(unable, *CHECK)[0] == 0


def test_of5_what_a_pooler_has_lost_is_a_503_and_the_log_says_why(pooler, transactional_db, alice):
    site = start(pooler(**LOSES).url, DATABASE_POOLER="1", **ON)
    try:
        with under_load(site) as load:
            load.wait_for(503, 1)
        assert REFUSED in site.log()
    finally:
        site.stop()
