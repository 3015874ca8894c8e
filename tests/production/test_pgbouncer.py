"""The real PgBouncer in transaction mode, as docs/deployment.md sets it up, before PostgreSQL (OF5)."""

import os
import re
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from accounts.database.limits import LIMITS
from accounts.models import AuditEvent
from tests.races.conftest import rounds  # noqa: F401 - a fixture
from tests.races.test_one_time import (  # noqa: F401 - they run here, too, by way of the pooler
    test_bc_16_different_recovery_codes_work_once_each,
    test_rc_01_one_code_from_twenty_pending_logins_is_one_login,
    test_rc_08_one_account_of_a_name_in_all_its_cases,
)
from tests.races.test_state import (  # noqa: F401 - as above
    test_rc_09_an_invitation_is_accepted_once_by_whom_it_is_for,
    test_rc_12_two_sessions_enable_and_the_loser_is_told,
)
from tests.support import environment
from tests.support.guide import blocks
from tests.support.invariants import broken
from tests.support.load import PROFILE, Load
from tests.support.machine import no_program
from tests.support.parallel import browser, post, sign_in
from tests.support.people import PASSWORD, enrol, make_user
from tests.support.pgbouncer import PROGRAM, PgBouncer
from tests.support.servers import start_site as start

pytestmark = [
    pytest.mark.planner,  # PostgreSQL only
    pytest.mark.skipif(PROGRAM is None, reason=no_program("pgbouncer")),
]

POOL = 3
SECONDS_FOR_503 = 5
# What PgBouncer itself puts right for each client.
TRACKED = {"application_name", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone"}
LEFT = {
    "settings": "SELECT name, setting FROM pg_settings WHERE setting <> reset_val AND name NOT IN "
    f"({', '.join(map(repr, sorted(TRACKED)))}) AND source = 'session'",
    "prepared statements": "SELECT name FROM pg_prepared_statements",
    "cursors": "SELECT name FROM pg_cursors WHERE name <> ''",
    "advisory locks": "SELECT objid FROM pg_locks WHERE locktype = 'advisory'",
    "channels": "SELECT pg_listening_channels()",
    "temporary tables": "SELECT relname FROM pg_class WHERE relpersistence = 't'",
    "another role": "SELECT current_user WHERE current_user <> session_user",
}
ROLE = "pooled_" + re.sub(r"\W", "", environment.RUN.name).lower()[-8:] + environment.WORKER


def of_guide(role=ROLE):
    """The guide's statements that give the role its limits."""
    [limits] = [block for block in blocks("sql") if "statement_timeout" in block]
    return re.sub(r"\btfc_auth\b", role, limits)


def execute(sql):
    with psycopg.connect(environment.test_database_url(), autocommit=True) as session:
        for statement in sql.split(";"):
            if statement.strip():
                session.execute(statement)


@pytest.fixture(scope="module")
def pooler(django_db_setup):
    """A PgBouncer before the database of the test, with a role whose limits are those of the guide."""
    execute(f"CREATE ROLE {ROLE} SUPERUSER LOGIN PASSWORD 'second-password'; {of_guide()}")
    running = PgBouncer(environment.test_database_url(), ROLE, "second-password", default_pool_size=str(POOL))
    yield running
    running.stop()
    execute(f"DROP ROLE {ROLE}")


@pytest.fixture(scope="module")
def pooled_site(pooler):
    running = start(pooler.url, DATABASE_POOLER="1")
    yield running
    running.stop()


@pytest.fixture
def live_site(transactional_db, pooled_site):
    pooled_site.forget_mails()
    return pooled_site


def manage(pooler, *arguments, **variables):
    """Run a command by way of the pooler; return how it ended and all that it said."""
    command = [sys.executable, "manage.py", *arguments]
    kept = {**os.environ, **pooler.environment, **variables}
    done = subprocess.run(
        command, cwd=environment.ROOT, env=kept, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def left_behind(pooler):
    """What the connections of the pool have that new ones do not have, as somebody else gets them."""
    found = []
    with ExitStack() as all_at_once:
        sessions = [all_at_once.enter_context(psycopg.connect(pooler.url)) for _ in range(POOL)]
        for session in sessions:
            session.prepare_threshold = None
            pid = session.execute(
                "SELECT pg_backend_pid()"
            ).fetchone()  # and keeps it: a transaction has begun
            for what, query in LEFT.items():
                found += [(what, *row) for row in session.execute(query)]
            found += [(name, value) for name, value in limits_of(session).items() if value != LIMITS[name]]
            assert pid
    return found


def limits_of(session):
    found = session.execute("SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)", [list(LIMITS)])
    return dict(found.fetchall())


# ---------------------------------------------------------------- what is set, and what is said


def test_of5_the_setting_is_named_where_it_is_missing(pooler):
    for command in (["check", "--database", "default"], ["doctor"], ["migrate"], ["run_due_work"]):
        code, said = manage(pooler, *command, DATABASE_POOLER="0")

        assert code == 1
        assert "set DATABASE_POOLER=1" in said, said


def test_of5_limits_that_the_role_lacks_are_named_with_the_statement_that_helps(pooler, transactional_db):
    execute(f"ALTER ROLE {ROLE} RESET ALL; ALTER ROLE {ROLE} SET lock_timeout = '1h'")
    pooler.console("RECONNECT")
    try:
        checked = manage(pooler, "check", "--database", "default", "--fail-level", "WARNING")
        doctor = manage(pooler, "doctor")
    finally:
        execute(of_guide())
        pooler.console("RECONNECT")

    for code, said in (checked, doctor):
        assert code == 1
        assert f"ALTER ROLE {ROLE} SET statement_timeout = 4000" in said
        assert f"lock_timeout is 3600000 ms: ALTER ROLE {ROLE} SET lock_timeout = 3000" in said
    assert "WRONG: time limits" in doctor[1]
    assert manage(pooler, "check", "--database", "default", "--fail-level", "WARNING")[0] == 0


def test_of5_nothing_of_a_session_stays_on_a_pooled_connection(pooler, live_site, alice, carol):
    app = enrol(alice)
    sign_in(live_site, alice, app)
    with Load(live_site, [make_user(f"user{number}").username for number in range(4)]) as load:
        commands = [
            manage(pooler, *command)
            for command in (
                ["migrate"],
                ["run_due_work"],
                ["rotate_encryption_keys"],
                ["doctor"],
                ["doctor", "--reconcile"],
                ["deactivate_user", "carol", "--reason", "a test"],
            )
        ]

    assert [code for code, _said in commands] == [0] * len(commands), commands
    assert set(load.statuses()) <= {200, 302, 429}
    assert left_behind(pooler) == []


# ---------------------------------------------------------------- the pooler in trouble


@contextmanager
def under_load(site, count=6):
    """Somebody comes and goes; afterwards nothing is half done, and what was answered is on record."""
    names = [make_user(f"person{number}").username for number in range(count)]
    with Load(site, names) as load:
        load.wait_for(200, 3)
        yield load
        print(f"  back after {load.wait_for(200, 10):.1f} s")
    print(f"  {load.statuses()}, the slowest 503 took {load.slowest():.1f} s")
    assert 500 not in load.statuses(), site.log()[-5000:]
    assert set(load.statuses()) <= {200, 302, 429, 503}
    assert load.slowest() < SECONDS_FOR_503
    assert AuditEvent.objects.filter(event="login.succeeded").count() >= len(load.signed_in)
    assert broken() == []


def test_of5_a_pool_that_is_used_up_is_a_503_within_seconds(pooler, live_site, alice):
    with under_load(live_site) as load, ExitStack() as held:
        for _ in range(POOL):
            held.enter_context(psycopg.connect(pooler.url)).execute("SELECT 1")  # in a transaction
        print(f"\n  pool used up: 503 after {load.wait_for(503, 6):.1f} s")
        assert browser(live_site).get("/readyz").status == 503
        assert browser(live_site).get("/healthz").status == 200

    assert sign_in(live_site, alice).get(PROFILE).status == 200


def test_of5_a_pooler_that_pauses_is_a_503_within_seconds(pooler, live_site, alice):
    with under_load(live_site) as load:
        pausing = threading.Thread(target=pooler.console, args=("PAUSE",))
        pausing.start()
        print(f"\n  paused: 503 after {load.wait_for(503, 6):.1f} s")
        pooler.console("RESUME")
        pausing.join()

    assert sign_in(live_site, alice).get(PROFILE).status == 200


def test_of5_a_pooler_that_is_killed_and_started_again(pooler, live_site, alice):
    with under_load(live_site) as load:
        pooler.kill()
        print(f"\n  killed: 503 after {load.wait_for(503, 6):.1f} s")
        pooler.start()

    assert sign_in(live_site, alice).get(PROFILE).status == 200
    assert left_behind(pooler) == []


def test_of5_what_is_stuck_in_a_transaction_loses_its_locks(pooler, live_site, alice):
    """A process that hangs in the middle holds its locks for a minute at most; here, for a second."""
    with psycopg.connect(pooler.url) as stuck:
        stuck.execute("SET LOCAL idle_in_transaction_session_timeout = '1s'")
        stuck.execute("SELECT 1 FROM accounts_user WHERE username = 'alice' FOR UPDATE")
        time.sleep(1.5)
        assert post(browser(live_site), "/session", username="alice", password=PASSWORD).location == "/app"
        with pytest.raises(psycopg.Error):
            stuck.execute("SELECT 1")
