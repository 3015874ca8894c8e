"""A primary and a standby: what was answered is still true after the one is lost and the other promoted."""

import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
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
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
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
    with Load(sites, people("recoverer", 12), people("stepper", 40)) as load:
        print(f"\nprepared in {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        wait_until(lambda: len(load.promises.times) > 60)
        rate = len(load.promises.times) / (time.monotonic() - began)
        killed = time.monotonic()
        pair.first.kill()
        standby.promote(pair.second)
        promoted = time.monotonic()
        wait_until(lambda: len([at for at in load.promises.times if at > promoted]) > 40)
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
    return post(visitor, page, code=code).status == 422


def test_of6_every_answered_success_is_on_the_promoted_standby(drill, sites, pair):
    names = set(User.objects.values_list("username", flat=True))
    spent_by = Counter(username for username, _code in drill.spent)
    last_steps = dict(TOTPDevice.objects.values_list("user__username", "last_step"))
    username, code = drill.spent[0]

    assert min(drill.kept().values()) > 5, drill.kept()
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
    yield site
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


def test_of6_the_former_primary_comes_back_as_a_standby_and_takes_no_writes(drill, pair, sites):
    """It comes first in the list of hosts."""
    began = time.monotonic()
    pair.attach(pair.first, pair.second)
    print(f"the former primary is a synchronous standby after {time.monotonic() - began:.1f} s")

    assert [sign_up(site, f"later{number}") for number, site in enumerate(sites)] == [302, 302]

    assert pair.first.ask("SELECT pg_is_in_recovery()")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        pair.first.ask("DELETE FROM accounts_session")
    assert pair.first.ask("SELECT count(*) FROM accounts_user WHERE username LIKE 'later%'") == 2
    assert pair.first.ask("SELECT count(*) FROM accounts_user WHERE username = 'lost'") == 0
    code, output = manage(pair.url(), "doctor")
    assert code == 0 and "ok: standbys\nok: " in output, output


# ---------------------------------------------------------------- the standby is lost


def test_of6_without_the_standby_that_commits_wait_for_pages_say_so_within_five_seconds(pair, sites, drill):
    pair.first.kill()

    raws = [
        Stranger(site).raw("POST", "/account/new", form_of(f"waits{n}")) for n, site in enumerate(sites * 4)
    ]
    with at_most(6):
        replies = [sites[0].volley(raws[::2]), sites[1].volley(raws[1::2])]
    waiting = pair.second.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    code, output = manage(pair.url(), "doctor")
    pair.second.reset("synchronous_standby_names")

    assert {reply.status for each in replies for reply in each} == {503}
    assert waiting == 0, "the server has room for few who wait for ever"
    assert code == 1
    assert (
        "WRONG: standbys\n  commits wait for db1 (synchronous_standby_names), which is not attached" in output
    )
    assert [sign_up(site, f"alone{number}") for number, site in enumerate(sites)] == [302, 302]
