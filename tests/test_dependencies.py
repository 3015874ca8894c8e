"""When what we need is away: mail may wait, the database may not, and nobody gets in meanwhile.

The product runs in processes of its own here, before real servers that are stopped, stuck or read-only.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEvent, OutboxMessage, Session, User
from organizations.models import Membership
from tests.api.clients import LiveClient, token_of
from tests.support import environment, people, postgres
from tests.support.crawl_programs import complaints_about_errors
from tests.support.invariants import broken
from tests.support.organizations import found
from tests.support.parallel import CHALLENGE, RECOVERY, browser, pending_login, post, sign_in, write_down
from tests.support.process import Kept
from tests.support.servers import parse_mails
from tests.support.visitor import parse_reply

PROFILE = "/app/settings/profile"
ON_POSTGRESQL = environment.KIND == "postgresql"
SECONDS_FOR_503 = 5
SECONDS_FOR_ANSWER = 4  # a mail server that hangs would cost 5
MADE_UP = "a" * 14 + ".atlasv1." + "b" * 67
ANEW = {"CONN_MAX_AGE": "0"}  # every request has to reach the database anew


def manage(*arguments, **variables):
    """Start a management command of the product on the test's database."""
    command = [sys.executable, str(environment.ROOT / "manage.py"), *arguments]
    database = {"DATABASE_URL": environment.test_database_url()}
    return subprocess.Popen(command, env=environment.environment | database | variables)


@contextmanager
def at_most(seconds):
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < seconds, f"took {took:.1f} s"


def is_503_page(reply):
    return (
        reply.status == 503
        and "We will be back in a moment" in reply.text
        and "/static/css/app.css" in reply.text
        and reply.headers["Retry-After"] == "30"
    )


# ---------------------------------------------------------------- mail


@pytest.fixture(params=["away", "silent"])
def mail_port(request):
    """The port of a mail server that is not there, or takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if request.param == "silent":
            yield port
    if request.param == "away":
        yield port


def send_later(directory):
    """What is sent once it is due again, by a command that has a mail server."""
    OutboxMessage.objects.filter(sent_at=None).update(due_at=timezone.now(), claimed_until=None)
    assert manage("run_due_work", EMAIL_URL=f"filemail:///{directory}").wait(60) == 0
    return [mail for path in directory.glob("*.log") for mail in parse_mails(path)]


def test_f14_the_action_succeeds_at_once_and_the_mail_comes_later(start_site, mail_port, alice, tmp_path):
    site = start_site(EMAIL_URL=f"smtp://127.0.0.1:{mail_port}")

    with at_most(SECONDS_FOR_ANSWER):
        visitor = sign_in(site, alice)
    with at_most(SECONDS_FOR_ANSWER):
        assert visitor.get("/app").status == 200

    site.kill()
    assert OutboxMessage.objects.get().sent_at is None
    [mail] = send_later(tmp_path)
    assert mail["To"] == alice.email
    assert not OutboxMessage.objects.filter(sent_at=None).exists()


def seconds_until_complete(site, raw):
    """How long it takes until a client has the whole answer, as its Content-Length says."""
    began = time.monotonic()
    with socket.create_connection((site.host, site.port), timeout=60) as connected:
        connected.sendall(raw)
        answer = b""
        while not is_complete(answer) and (chunk := connected.recv(65536)):
            answer += chunk
    assert parse_reply(site.url, answer).status == 302
    return time.monotonic() - began


def is_complete(answer):
    head, end, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return bool(end and length) and len(body) >= int(length)


def test_f14_a_proxy_that_speaks_http_1_0_does_not_wait_either(start_site, mail_port, alice):
    """Such as nginx by default. Without a length, it waits until the connection is closed."""
    site = start_site(EMAIL_URL=f"smtp://127.0.0.1:{mail_port}")
    raw = write_down(browser(site), "/session", username="alice", password=people.PASSWORD)

    assert seconds_until_complete(site, raw.replace(b"HTTP/1.1", b"HTTP/1.0", 1)) < SECONDS_FOR_ANSWER


def test_f14_r5_the_next_request_of_the_same_connection_does_not_wait(start_site, mail_port, alice):
    """A worker that sent the mail itself would be busy for that long, for those who have an account only."""
    site = start_site(EMAIL_URL=f"smtp://127.0.0.1:{mail_port}")
    raw = write_down(browser(site), "/account/password/forgot", email=alice.email)
    raw = raw.replace(b"Connection: close", b"Connection: keep-alive")

    with socket.create_connection((site.host, site.port), timeout=60) as connection:
        connection.sendall(raw)
        while not is_complete(connection.recv(65536)):
            pass
        with at_most(SECONDS_FOR_ANSWER):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_f14_a_mail_server_that_hangs_tells_nobody_who_has_an_account(start_site, mail_port, alice):
    site = start_site(EMAIL_URL=f"smtp://127.0.0.1:{mail_port}")

    replies = []
    for address in [alice.email, "nobody@example.com"]:
        with at_most(SECONDS_FOR_ANSWER):
            replies.append(post(browser(site), "/account/password/forgot", email=address))

    assert replies[0].status == replies[1].status == 302
    assert replies[0].location == replies[1].location
    assert replies[0].body == replies[1].body


def test_f14_three_runs_at_once_send_each_mail_of_a_broadcast_once(start_site, tmp_path, alice):
    """A batch is 100 readers: this takes two, while several processes look at the same rows."""
    app = people.enrol(alice)
    organization = found("acme", alice)
    members = [make_member(organization, number) for number in range(120)]
    site = start_site(EMAIL_URL="smtp://127.0.0.1:9")  # nobody is there
    owner = sign_in(site, alice, app)
    OutboxMessage.objects.all().delete()
    post(owner, "/app/acme/settings/authentication/require-two-factor")
    site.kill()
    OutboxMessage.objects.filter(sent_at=None).update(due_at=timezone.now(), claimed_until=None)

    runs = [manage("run_due_work", EMAIL_URL=f"filemail:///{tmp_path}") for _ in range(3)]

    assert [run.wait(60) for run in runs] == [0, 0, 0]
    mails = [mail for path in tmp_path.glob("*.log") for mail in parse_mails(path)]
    assert sorted(mail["To"] for mail in mails) == sorted(user.email for user in [alice, *members])
    assert not OutboxMessage.objects.filter(sent_at=None).exists()


def make_member(organization, number):
    user = people.make_user(f"member{number}")
    Membership.objects.create(
        organization=organization,
        user=user,
        username=user.username,
        status=Membership.Status.ACTIVE,
        joined_at=timezone.now(),
    )
    return user


# ---------------------------------------------------------------- the database is read-only


@contextmanager
def read_only_database():
    """PostgreSQL refuses every write of a new connection. SQLite has a writer who does not come to an end."""
    if ON_POSTGRESQL:
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            try:
                yield
            finally:
                cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        return
    with closing(sqlite3.connect(environment.test_database_name())) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield
        writer.rollback()


def test_f11_nobody_gets_in_while_nothing_can_be_written(start_site, alice, bob):
    """A code that can't be spent and a guess that can't be counted open nothing. What only reads goes on."""
    app, app_of_bob = people.enrol(alice), people.enrol(bob)
    carol = people.make_user("carol")
    site = start_site(**ANEW)
    inside = sign_in(site, carol)
    Session.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))  # its use is to be noted
    ways_in = [
        (pending_login(site, alice), CHALLENGE, {"code": app.fresh_code()}),
        (pending_login(site, bob), RECOVERY, {"code": app_of_bob.codes[0]}),
        (browser(site), "/session", {"username": "carol", "password": people.PASSWORD}),
    ]
    programs = [LiveClient(site, secret) for secret in (token_of(carol), MADE_UP)]
    events = AuditEvent.objects.count()

    with read_only_database():
        answers = [within(SECONDS_FOR_503, program.get, "/account/details") for program in programs]

    assert [answer.status_code for answer in answers] == [200, 503]  # a wrong one can't be counted
    with read_only_database(), at_most(SECONDS_FOR_503):
        raws = [write_down(visitor, path, **fields) for visitor, path, fields in ways_in]
        *refused, page = site.volley([*raws, inside.raw("GET", PROFILE)])

    assert all(is_503_page(reply) and "session" not in reply.cookies for reply in refused)
    assert page.status == 200
    assert AuditEvent.objects.count() == events
    for visitor, path, fields in ways_in:
        assert visitor.get(PROFILE).location.startswith("/session")
        assert post(visitor, path, **fields).location == "/app"  # nothing was spent, and no restart is needed
    assert broken() == []


if ON_POSTGRESQL:  # on SQLite, where writers come one after the other, this is the same as the above

    def test_f7_who_holds_a_lock_for_long_keeps_nobody_waiting_for_long(start_site, alice):
        app = people.enrol(alice)
        site = start_site()
        visitor = pending_login(site, alice)
        code = app.fresh_code()
        with transaction.atomic(), at_most(SECONDS_FOR_503):
            User.objects.lock(alice.pk)
            reply = post(visitor, CHALLENGE, code=code)

        assert is_503_page(reply)
        assert post(visitor, CHALLENGE, code=code).location == "/app"


# ---------------------------------------------------------------- the database is away


class OwnPostgreSQL:
    """A server that a test may stop."""

    options: ClassVar = {}  # connections that were good before are found to be dead

    def __init__(self):
        self.url, self.server = postgres.start()
        with psycopg.connect(self.url) as connected:
            # What was answered is on record when the server stops, as in production.
            connected.execute("ALTER ROLE postgres SET synchronous_commit = on")

    def stop(self):
        os.kill(self.server.pid, signal.SIGQUIT)  # pg_ctl stop -m immediate
        self.server.keeper.wait()
        self.server.keeper.stdin.close()
        self.server.keeper.stdout.close()

    def start(self):
        directory = self.server.directory
        command = shlex.split((directory / "data" / "postmaster.opts").read_text())
        user, variables = postgres.unprivileged_user(), postgres.bare_environment()
        self.server = Kept(command, directory, user=user, environment=variables)
        postgres.wait_until_ready(self.server)

    def remove(self):
        self.server.stop()


class OwnSQLite:
    """A file that a test may move away; a directory in its place can't be opened."""

    options: ClassVar = ANEW

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="tfc-auth-own-"))
        self.file = self.directory / "db.sqlite3"
        self.url = f"sqlite:///{self.file}"

    def stop(self):
        self.file.rename(self.directory / "away")
        self.file.mkdir()

    def start(self):
        self.file.rmdir()
        (self.directory / "away").rename(self.file)

    def remove(self):
        shutil.rmtree(self.directory)


@pytest.fixture(scope="module")
def database():
    try:
        own = OwnPostgreSQL() if ON_POSTGRESQL else OwnSQLite()
    except postgres.NotInstalled as reason:
        pytest.skip(f"{environment.NOT_OURS_TO_STOP} {reason}")
    assert manage("migrate", "--verbosity=0", DATABASE_URL=own.url).wait(60) == 0
    yield own
    own.remove()


def sign_up(site, username):
    """Somebody who is signed in, by way of the pages alone."""
    visitor = browser(site)
    email = f"{username}@example.com"
    reply = post(visitor, "/account/new", username=username, email=email, password=people.PASSWORD)
    assert reply.location == "/account/confirm", reply.text
    return visitor


def make_token(visitor):
    reply = post(visitor, "/app/settings/tokens/create", description="ci", expires="30")
    return re.search(r"\w{14}\.atlasv1\.\w{67}", reply.text)[0]


def within(seconds, ask, *arguments, **fields):
    with at_most(seconds):
        return ask(*arguments, **fields)


def test_f5_the_database_stops_and_comes_back(start_site, database):
    """Every page that needs it says so, in the site's look; the first request afterwards is served."""
    site = start_site(database.url, **database.options)
    visitor = sign_up(site, "alice")
    programs = [LiveClient(site, secret) for secret in (make_token(visitor), MADE_UP, None)]
    database.stop()

    answers = [within(SECONDS_FOR_503, program.get, "/account/details") for program in programs]
    needing = [
        within(SECONDS_FOR_503, visitor.get, PROFILE),
        within(SECONDS_FOR_503, post, visitor, f"{PROFILE}/email", email="new@example.com"),
        within(SECONDS_FOR_503, post, browser(site), "/session", username="alice", password=people.PASSWORD),
    ]
    ready = within(SECONDS_FOR_503, visitor.get, "/readyz")
    pages = [within(SECONDS_FOR_503, browser(site).get, path) for path in ["/healthz", "/session", "/docs"]]
    database.start()

    assert all(is_503_page(reply) and "session" not in reply.cookies for reply in needing)
    assert [answer.status_code for answer in answers] == [503, 503, 401]
    assert all(list(complaints_about_errors(answer)) == [] for answer in answers)
    assert [program.get("/account/details").status_code for program in programs] == [200, 401, 401]
    assert ready.status == 503
    assert [page.status for page in pages] == [200, 200, 200]
    assert "alice" in visitor.get(PROFILE).text
    assert visitor.get("/readyz").status == 200
    assert post(browser(site), "/session", username="alice", password=people.PASSWORD).location == "/app"


if ON_POSTGRESQL:

    def test_f5_a_database_that_takes_connections_and_never_answers(start_site, database):
        site = start_site(database.url, **ANEW)
        visitor = sign_up(site, "bob")
        raws = [
            visitor.raw("GET", PROFILE),
            visitor.raw("GET", "/readyz"),
            write_down(browser(site), "/session", username="bob", password=people.PASSWORD),
        ]
        os.kill(database.server.pid, signal.SIGSTOP)
        try:
            replies = within(SECONDS_FOR_503, site.volley, raws)
        finally:
            os.kill(database.server.pid, signal.SIGCONT)

        assert [reply.status for reply in replies] == [503, 503, 503]
        assert visitor.get(PROFILE).status == 200
