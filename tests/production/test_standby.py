"""A primary and a standby: what was answered is still true after the one is lost and the other promoted."""

import json
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import psycopg
import pytest
from django.db import connection

from accounts.factors.backup_codes.models import BackupCode
from accounts.factors.totp.models import TOTPDevice
from accounts.models import User
from tests.api.clients import LiveClient
from tests.production.load import Load, Stranger
from tests.support import environment, standby
from tests.support.invariants import broken
from tests.support.parallel import CHALLENGE, CSRF_TOKEN, RECOVERY, is_signed_in, post
from tests.support.people import PASSWORD, enrol, make_user
from tests.support.servers import start_site
from tests.support.waiting import wait_until

OPTIONS = {"workers": 1, "threads": 4, "TRUSTED_PROXIES": "127.0.0.1"}


def manage(url, *arguments, **variables):
    """(exit code, output) of a command of the product."""
    command = [sys.executable, str(environment.ROOT / "manage.py"), *arguments]
    variables = environment.environment | {"DATABASE_URL": url} | variables
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def pair():
    pair = standby.Pair()
    pair.start_first()
    code, output = manage(pair.url(pair.first), "migrate", "--verbosity=0")
    assert code == 0, output
    pair.attach(pair.second, pair.first)
    yield pair
    pair.remove()


@pytest.fixture(scope="module")
def models(pair, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), standby.models_on(pair.url()):
        yield


@pytest.fixture(scope="module")
def sites(pair):
    sites = [start_site(pair.url(), **OPTIONS) for _ in range(2)]
    yield sites
    for site in sites:
        site.stop()


@contextmanager
def at_most(seconds):
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < seconds, f"took {took:.1f} s"


def people(name, number):
    return [enrol(make_user(f"{name}{count}")) for count in range(number)]


@pytest.fixture(scope="module")
def drill(pair, models, sites):
    """The primary is killed under load, and the standby promoted."""
    began = time.monotonic()
    with Load(sites, people("recoverer", 4), people("stepper", 28)) as load:
        print(f"\nprepared in {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        wait_until(lambda: len(load.promises.times) > 40)
        rate = len(load.promises.times) / (time.monotonic() - began)
        killed = time.monotonic()
        pair.first.kill()
        standby.promote(pair.second)
        promoted = time.monotonic()
        wait_until(lambda: len([at for at in load.promises.times if at > promoted]) > 25)
    assert load.failed == []
    connection.close()  # requests do that by themselves
    times = sorted(load.promises.times)
    without = max(later - earlier for earlier, later in pairwise(times) if later > killed)
    print(f"answered {load.promises.kept()}, {rate:.0f} a second before")
    print(f"without service {without:.2f} s, of which the promotion took {promoted - killed:.2f} s")
    return load.promises


def spent(username):
    return BackupCode.objects.filter(code_set__user__username=username, used_at__isnull=False).count()


def form_of(username):
    email = f"{username}@example.com"
    return {"csrfmiddlewaretoken": CSRF_TOKEN, "username": username, "email": email, "password": PASSWORD}


def refuses(site, username, page, code):
    visitor = Stranger(site)
    assert post(visitor, "/session", username=username, password=PASSWORD).location == CHALLENGE
    reply = post(visitor, page, code=code)
    return reply.status < 500 and not is_signed_in(site, visitor.cookies)


def test_of6_every_answered_success_is_on_the_promoted_standby(drill, sites, pair):
    names = set(User.objects.values_list("username", flat=True))
    spent_by = Counter(username for username, _code in drill.spent)
    last_steps = dict(TOTPDevice.objects.values_list("user__username", "last_step"))
    username, code = drill.spent[0]

    assert min(drill.kept().values()) > 3, drill.kept()
    assert set(drill.signed_up) <= names
    assert all(spent(name) >= number for name, number in spent_by.items())
    assert all(last_steps[name] >= step for name, step in drill.stepped)
    assert all(
        LiveClient(sites[0], token).get("/account/details").status_code == 200 for token in drill.tokens
    )
    assert not any(is_signed_in(sites[1], cookies) for cookies in drill.signed_out)
    assert all(refuses(site, username, RECOVERY, code) for site in sites)
    assert pair.second.ask("SELECT pg_is_in_recovery()") is False


def test_of6_without_a_database_there_are_503s_and_nothing_else(drill):
    assert {status for _at, status in drill.refused} <= {503}


def test_of6_the_invariants_hold_and_doctor_finds_nothing(drill, pair):
    assert broken() == []
    code, output = manage(pair.url(), "doctor")
    assert code == 0, output


def sign_up(site, username):
    """The status of the answer; 302 is success."""
    return Stranger(site).post("/account/new", form_of(username)).status


def written(node):
    """The next number of a transaction that writes: it stays as it is while nothing is written."""
    return node.ask("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")


@contextmanager
def site_on(url, **options):
    site = start_site(url, **OPTIONS | options)
    try:
        yield site
    finally:
        site.stop()


# ---------------------------------------------------------------- the former primary comes back


def test_of6_a_former_primary_that_starts_by_mistake_is_written_to_by_nobody(drill, pair, sites):
    """It starts as a primary, and comes first in the list of hosts. Its commits wait for the lost standby."""
    pair.first.start()
    before, rows = written(pair.first), pair.first.ask("SELECT count(*) FROM accounts_user")

    # Processes that run stay where they are; those that a list without it starts never ask it.
    assert [sign_up(site, f"stays{number}") for number, site in enumerate(sites)] == [302, 302]
    with site_on(pair.url(pair.second)) as site:
        assert sign_up(site, "elsewhere") == 302
    assert written(pair.first) == before
    # A process that starts with the former list answers nothing with success.
    with site_on(pair.url()) as site, at_most(6):
        assert sign_up(site, "lost") == 503

    assert pair.second.ask("SELECT count(*) FROM accounts_user WHERE username = 'elsewhere'") == 1
    pair.first.kill()
    assert rows > 0


@pytest.fixture(scope="module")
def rejoined(drill, pair):
    """The first is a standby of the second that commits wait for."""
    began = time.monotonic()
    pair.attach(pair.first, pair.second)
    print(f"the former primary is a synchronous standby after {time.monotonic() - began:.1f} s")


def test_of6_the_former_primary_comes_back_as_a_standby_and_takes_no_writes(rejoined, pair, sites):
    """It comes first in the list of hosts."""
    assert [sign_up(site, f"later{number}") for number, site in enumerate(sites)] == [302, 302]

    assert pair.first.ask("SELECT pg_is_in_recovery()")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        pair.first.ask("DELETE FROM accounts_session")
    assert pair.first.ask("SELECT count(*) FROM accounts_user WHERE username LIKE 'later%'") == 2
    assert pair.first.ask("SELECT count(*) FROM accounts_user WHERE username = 'lost'") == 0
    code, output = manage(pair.url(), "doctor")
    assert code == 0, output
    assert re.search(r"ok: standbys(   ok: |\n)", output), output


# ---------------------------------------------------------------- the standby is lost


def test_of6_without_the_standby_that_commits_wait_for_pages_say_so_within_five_seconds(
    rejoined, pair, sites
):
    pair.first.kill()

    raws = [Stranger(sites[0]).raw("POST", "/account/new", form_of(f"waits{number}")) for number in range(4)]
    with at_most(6):
        replies = sites[0].volley(raws)
    waiting = pair.second.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    code, output = manage(pair.url(), "doctor")
    pair.second.reset("synchronous_standby_names")

    assert {reply.status for reply in replies} == {503}
    assert waiting == 0, "the server has room for few who wait for ever"
    assert code == 1
    assert (
        "WRONG: standbys\n  commits wait for db1 (synchronous_standby_names), which is not attached" in output
    )
    assert [sign_up(site, f"alone{number}") for number, site in enumerate(sites)] == [302, 302]


# ---------------------------------------------------------------- a standby that nobody waits for


def steps_of_restore():
    """The statements that docs/operations.md gives for a restore: to end sessions, and to spend codes."""
    section = (environment.ROOT / "docs" / "operations.md").read_text().partition("\n## Restore\n")[2]
    return re.findall(r'python manage.py shell -c "(.+)"\n', section.partition("\n## ")[0])


def who_used_codes(site):
    """Their names, from the log, as the guide says."""
    lines = [line for line in site.log().splitlines() if '"method": "backup-codes"' in line]
    return {json.loads(line[line.index("{") :])["subject"].removeprefix("user:") for line in lines}


@pytest.fixture(scope="module")
def behind(drill, pair, models):
    """The first is a standby of the second that nobody waits for, and far behind; what doctor says."""
    pair.second.reset("synchronous_standby_names")
    pair.first.kill()
    pair.copy(pair.first, pair.second)
    pair.first.start()
    wait_until(lambda: pair.second.ask("SELECT count(*) FROM pg_stat_replication") == 1, pair.first.log)
    pair.first.ask("SELECT pg_wal_replay_pause()")
    pair.second.ask("CREATE TABLE far_behind AS SELECT 1")
    pair.second.ask("SELECT pg_switch_wal()")
    pair.second.ask("INSERT INTO far_behind VALUES (1)")
    pair.second.ask("CREATE ROLE stranger LOGIN")
    of_standby = pair.url(pair.first, target_session_attrs="any")
    urls = [pair.url(), of_standby, pair.url().replace("postgres@", "stranger@")]
    return [manage(url, "doctor") for url in urls]


def test_of6_doctor_tells_what_is_lost_if_a_standby_takes_over(behind):
    (code, of_primary), (code_of_standby, of_standby), (_code, of_stranger) = behind

    assert code == 0, of_primary
    assert (
        "commits wait for no standby (synchronous_standby_names is empty): if one is promoted" in of_primary
    )
    assert re.search(r"  the standby db1 is \d+ seconds and \d{5} KiB behind\n", of_primary), of_primary
    assert code_of_standby == 1
    assert "WRONG: standbys\n  this server is a standby and takes no writes" in of_standby
    assert "how far they are is hidden from this role: GRANT pg_monitor TO it" in of_stranger


def test_of6_a_lagging_standby_is_promoted_and_a_spent_code_is_not_good_again(behind, pair, sites):
    app, other = enrol(make_user("lagging")), enrol(make_user("abstinent"))
    pair.first.ask("SELECT pg_wal_replay_resume()")
    wait_until(lambda: pair.first.ask("SELECT count(*) FROM accounts_user WHERE username = 'abstinent'"))
    pair.first.configure(primary_conninfo="")  # from here on it gets nothing
    visitor = Stranger(sites[0])
    assert post(visitor, "/session", username="lagging", password=PASSWORD).location == CHALLENGE
    assert post(visitor, RECOVERY, code=app.codes[0]).location == "/app"

    pair.second.kill()
    names = who_used_codes(sites[0])
    for site in sites:
        site.kill()
    standby.promote(pair.first)
    connection.close()
    assert spent("lagging") == 0, "this is what the steps are for"
    anew = {"SECRET_KEY": "another-secret-key-for-tests-and-for-nothing-but-tests-0123456789"}
    end_sessions, spend_codes = steps_of_restore()
    for statement in [end_sessions, spend_codes.replace("['alice', 'bob']", str(sorted(names)))]:
        code, output = manage(pair.url(), "shell", "-c", statement, **anew)
        assert code == 0, output
    code, output = manage(pair.url(), "doctor", **anew)
    with site_on(pair.url(), **anew) as site:
        assert code == 0, output
        assert refuses(site, "lagging", RECOVERY, app.codes[0])
        assert not is_signed_in(site, visitor.cookies)
        other_visitor = Stranger(site)
        assert post(other_visitor, "/session", username="abstinent", password=PASSWORD).location == CHALLENGE
        assert post(other_visitor, RECOVERY, code=other.codes[0]).location == "/app"


# ---------------------------------------------------------------- the list of hosts


def test_of6_connections_leave_a_server_that_takes_no_writes_any_more(drill, pair):
    """A planned change: the primary is made read-only, then the standby promoted. The standby comes first."""
    primary, other = pair.by_role()
    other.kill()
    pair.attach(other, primary)
    with site_on(pair.url(other, primary)) as site:
        assert sign_up(site, "before") == 302
        primary.configure(default_transaction_read_only="on")
        wait_until(lambda: primary.ask("SHOW transaction_read_only") == "on")
        meanwhile = [sign_up(site, "meanwhile") for _ in range(4)]
        before = written(primary)
        standby.promote(other)
        assert [sign_up(site, f"after{number}") for number in range(8)] == [302] * 8

    assert meanwhile == [503] * 4
    assert written(primary) == before


@contextmanager
def silent_host():
    """(host, port) that drops whatever is sent to it, as a machine without power does."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # fill its queue
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


def test_of6_a_host_that_drops_packets_costs_two_seconds_and_two_are_a_503_within_five(drill, pair):
    node, _other = pair.by_role()
    with silent_host() as (host, port):
        one = f"postgres://postgres@/postgres?host={host},{node.directory}&port={port},{standby.PORT}"
        both = f"postgres://postgres@/postgres?host={host},{host}&port={port},{port}"
        with site_on(one) as site, at_most(5):
            began = time.monotonic()
            assert sign_up(site, "patient") == 302
            print(f"with a dead host in front: {time.monotonic() - began:.1f} s")
        with site_on(both) as site, at_most(5):
            assert sign_up(site, "nobody") == 503


@pytest.mark.parametrize(
    ("spelling", "hosts", "ports"),
    [
        ("postgres://u:p@/db?host=10.0.0.5,10.0.0.6&port=5432,5433", "10.0.0.5,10.0.0.6", "5432,5433"),
        ("postgres://u:p@/db?host=2001:db8::5,2001:db8::6", "2001:db8::5,2001:db8::6", None),
        ("postgres://u:p@db1:5432,db2:5433/db?target_session_attrs=read-write", "db1,db2", "5432,5433"),
    ],
)
def test_of6_of_several_hosts_the_one_that_takes_writes_is_asked(spelling, hosts, ports):
    code = "from django.db import connection as c; print(c.get_connection_params())"
    status, output = manage(spelling, "shell", "--no-imports", "-c", code)

    assert status == 0, output
    assert f"'host': '{hosts}'" in output
    assert f"'port': '{ports}'" in output if ports else "'port'" not in output
    assert "'target_session_attrs': 'read-write'" in output
    assert "'connect_timeout': 2" in output
