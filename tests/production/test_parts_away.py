"""The database is restarted or stuck, and disks are full: a 503 soon, nothing half done, and back (OF5)."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from tests.support import environment, postgres
from tests.support.disk import small_disk
from tests.support.load import PROFILE, Load
from tests.support.machine import no_program
from tests.support.parallel import browser, post
from tests.support.people import PASSWORD
from tests.support.pgbouncer import PROGRAM, PgBouncer
from tests.support.servers import start_site
from tests.support.visitor import Visitor
from tests.test_dependencies import OwnPostgreSQL, is_503_page, manage, sign_up

SECONDS_FOR_503 = 5
PEOPLE = [f"person{number}" for number in range(5)]
ON_POSTGRESQL = pytest.mark.planner


def first_error(site):
    """What the log of the site says of the first answer that is a 500."""
    log = site.log()
    return log[max(log.find("Internal Server Error") - 100, 0) :][:8000]


class Drill:
    """A site on a database of its own, with people who have signed up."""

    def __init__(self, url, **settings):
        self.url, self.settings = url, {"DATABASE_URL": url, **settings}
        self.manage("migrate", "--verbosity=0")
        self.site = start_site(url, **settings)
        self.insiders = [sign_up(self.site, name) for name in PEOPLE]

    def manage(self, *arguments):
        assert manage(*arguments, **self.settings).wait(60) == 0, arguments

    @contextmanager
    def under_load(self):
        """People come and go. Afterwards nothing is half done, and all that was answered is on record."""
        before = self.sign_ins()
        with Load(self.site, PEOPLE) as load:
            load.wait_for(200, 3)
            yield load
            print(f"  back after {load.wait_for(200, 10):.1f} s")
        print(f"  {load.statuses()}, the slowest 503 took {load.slowest():.1f} s")
        assert set(load.statuses()) <= {200, 302, 429, 503}, first_error(self.site)
        assert "Internal Server Error" not in self.site.log()
        assert load.slowest() < SECONDS_FOR_503, load.slow(SECONDS_FOR_503)
        assert self.sign_ins() - before >= len(load.signed_in)
        assert self.insiders[0].get(PROFILE).status == 200
        self.manage("doctor")

    def sign_ins(self):
        with psycopg.connect(self.url) as session:
            query = "SELECT count(*) FROM accounts_auditevent WHERE event = 'login.succeeded'"
            return session.execute(query).fetchone()[0]


@pytest.fixture(scope="module")
def server():
    try:
        own = OwnPostgreSQL()
    except postgres.NotInstalled as reason:
        pytest.skip(f"{environment.NOT_OURS_TO_STOP} {reason}")
    yield own
    own.remove()


@pytest.fixture(scope="module")
def direct(server):
    drill = Drill(server.url)
    yield drill
    drill.site.stop()


def restart(server, how):
    """Stop PostgreSQL; return what starts it again."""
    os.kill(server.server.pid, how)
    server.server.keeper.wait()
    server.server.keeper.stdin.close()
    server.server.keeper.stdout.close()


# ---------------------------------------------------------------- PostgreSQL is restarted, or stuck


@ON_POSTGRESQL
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_of5_postgresql_is_restarted_under_load(server, direct, how):
    with direct.under_load() as load:
        restart(server, how)
        print(f"\n  503 after {load.wait_for(503, 6):.1f} s")
        server.start()


@ON_POSTGRESQL
@pytest.mark.skipif(PROGRAM is None, reason=no_program("pgbouncer"))
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_of5_postgresql_is_restarted_behind_a_pooler(server, direct, how):
    with psycopg.connect(server.url, autocommit=True) as session:
        session.execute("ALTER ROLE postgres SET statement_timeout = '4s'")
        session.execute("ALTER ROLE postgres SET lock_timeout = '3s'")
        session.execute("ALTER ROLE postgres SET idle_in_transaction_session_timeout = '60s'")
        session.execute("ALTER ROLE postgres SET TimeZone = 'UTC'")
    pooler = PgBouncer(server.url, password="any")
    pooled = start_site(pooler.url, DATABASE_POOLER="1")
    direct.site, site = pooled, direct.site
    try:
        direct.insiders[0].port = pooled.port
        with direct.under_load() as load:
            restart(server, how)
            print(f"\n  503 after {load.wait_for(503, 6):.1f} s")
            server.start()
    finally:
        direct.site = site
        direct.insiders[0].port = site.port
        pooled.stop()
        pooler.stop()


def processes_of(pid):
    """A server and those that it has begun, each of which has a group of its own."""
    children = [
        int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and parent_of(path) == pid
    ]
    return [pid, *children]


def parent_of(path):
    try:
        return int((path / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


@ON_POSTGRESQL
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc, where processes are found")
def test_of5_a_server_that_is_stuck_with_open_connections(server, direct):
    """Its disk hangs, or its machine is paused: connections stay open, and say nothing at all."""
    with direct.under_load() as load:
        stuck = processes_of(server.server.pid)
        for pid in stuck:
            os.kill(pid, signal.SIGSTOP)
        try:
            print(f"\n  503 after {load.wait_for(503, 10):.1f} s")
        finally:
            for pid in stuck:
                os.kill(pid, signal.SIGCONT)


# ---------------------------------------------------------------- the disk is full


class FullPostgreSQL(OwnPostgreSQL):
    def __init__(self, place):
        self.url, self.server = postgres.start(place=place)


@ON_POSTGRESQL
def test_of5_the_disk_of_postgresql_is_full():
    with small_disk(128) as disk:
        server = FullPostgreSQL(disk.path)
        drill = Drill(server.url)
        try:
            with drill.under_load() as load:
                disk.fill()
                print(f"\n  full: 503 after {load.wait_for(503, 3):.1f} s")
                disk.make_room()
                if not server.server.running:
                    print("  PostgreSQL has given up, and is started again")
                    server.start()
        finally:
            drill.site.stop()
            server.remove()


def test_of5_the_disk_of_sqlite_is_full():
    with small_disk(16) as disk:
        drill = Drill(f"sqlite:///{disk.path}/db.sqlite3")
        try:
            inside, outside = drill.insiders[0], browser(drill.site)
            disk.fill()
            refused = until_503(lambda: post(outside, "/session", username=PEOPLE[1], password=PASSWORD))
            page = inside.get(PROFILE)
            disk.make_room()

            assert is_503_page(refused)
            assert "session" not in refused.cookies
            assert page.status == 200  # what only reads goes on
            assert "Internal Server Error" not in drill.site.log()
            assert post(outside, "/session", username=PEOPLE[1], password=PASSWORD).location == "/app"
            drill.manage("doctor")
        finally:
            drill.site.stop()


def until_503(ask):
    """Ask until there is no room left in the pages that were written before."""
    for _ in range(500):
        reply = ask()
        if reply.status != 302:
            return reply
    raise AssertionError("there is still room")


@contextmanager
def site_without_a_log(url):
    """The site whose every line finds no room: /dev/full is a disk that is full for good."""
    with socket.create_server(("127.0.0.1", 0)) as listener, open("/dev/full", "w") as full:
        bind = ["--config", "python:tfc_auth.server", "--bind", f"fd://{listener.fileno()}"]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--chdir", str(environment.ROOT), *bind, "tfc_auth.wsgi"],
            stdout=full,
            stderr=full,
            pass_fds=[listener.fileno()],
            env={**os.environ, "DATABASE_URL": url, "EMAIL_URL": "dummymail://"},
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield SimpleNamespace(visitor=lambda: Visitor(address))
        finally:
            process.terminate()
            process.wait()


def test_of5_the_disk_of_the_log_is_full(tmp_path):
    url = f"sqlite:///{tmp_path}/db.sqlite3"
    assert manage("migrate", "--verbosity=0", DATABASE_URL=url).wait(60) == 0

    with site_without_a_log(url) as site:
        inside = sign_up(site, "alice")
        replies = [
            post(browser(site), "/session", username="alice", password=password)
            for password in ("wrong", PASSWORD)
        ]
        assert [reply.status for reply in replies] == [422, 302]
        assert inside.get(PROFILE).status == 200

    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        recorded = {row[0] for row in database.execute("SELECT event FROM accounts_auditevent")}
    assert {"account.created", "login.failed", "login.succeeded"} <= recorded
