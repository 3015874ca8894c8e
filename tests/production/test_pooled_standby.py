"""A PgBouncer on each of two database servers: the site finds the one that leads to writes (OF6)."""

import time

import psycopg
import pytest

from accounts.database.limits import LIMITS
from tests.production.test_standby import OPTIONS, pair, sign_up  # noqa: F401 - one is a fixture
from tests.support import standby
from tests.support.machine import no_program
from tests.support.pgbouncer import PROGRAM, PgBouncer
from tests.support.servers import start_site

pytestmark = [
    pytest.mark.planner,  # PostgreSQL only
    pytest.mark.skipif(PROGRAM is None, reason=no_program("pgbouncer")),
]


@pytest.fixture
def poolers(pair):  # noqa: F811
    primary, _other = pair.by_role()
    for name, value in {**LIMITS, "TimeZone": "UTC"}.items():
        primary.ask(f"ALTER ROLE postgres SET {name} = '{value}'")
    running = [
        PgBouncer(f"postgres://postgres@/postgres?host={node.directory}", password="any")
        for node in pair.nodes()
    ]
    yield running
    for pooler in running:
        pooler.stop()


def seen_as_standby(pooler):
    with psycopg.connect(pooler.url) as session:
        return session.execute("SHOW transaction_read_only").fetchone() == ("on",)


@pytest.mark.parametrize("first", [0, 1], ids=["primary first", "standby first"])
def test_of6_a_pooler_whose_server_is_gone_is_passed_by(first, pair, poolers):  # noqa: F811
    """It goes on welcoming people with what its server said before, also after a change of roles."""
    primary, other = pair.by_role()
    if other.server is None:
        pair.attach(other, primary)
    in_order = poolers[first:] + poolers[:first]
    assert sorted(map(seen_as_standby, in_order)) == [False, True]
    ports = ",".join(str(pooler.port) for pooler in in_order)
    url = f"postgres://postgres:any@/postgres?host=127.0.0.1,127.0.0.1&port={ports}"
    site = start_site(url, DATABASE_POOLER="1", **OPTIONS)
    try:
        assert sign_up(site, f"before{first}") == 302
        primary.kill()
        standby.promote(other)
        began = time.monotonic()
        assert [sign_up(site, f"after{first}{number}") for number in range(6)][-5:] == [302] * 5
        assert time.monotonic() - began < 5
    finally:
        site.stop()

    assert other.ask("SELECT count(*) FROM accounts_user WHERE username LIKE %s", f"after{first}%") >= 5
