"""What an export touches and holds in organizations of a thousand and of a hundred thousand members.

The crowd is that of tests/organizations/crowd.py. Each member has two periods, and a tenth as many people
have left.
"""

import json
import math
import tracemalloc

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.database.reading import AT_ONCE
from accounts.database.timeouts import patience_kept
from accounts.evidence.statements import read_trailer
from organizations.models import Organization
from tests.organizations.crowd import SIZES, crowd, vacuum
from tests.support import evidence

__all__ = ["crowd"]
pytestmark = pytest.mark.planner

PERIODS = """
INSERT INTO organizations_twofactorperiod
    (organization_id, user_id, username, joined_at, level, began_at, ended_at)
SELECT organization_id, user_id, username, joined_at, which, joined_at + which / 2 * interval '1 day',
    CASE WHEN which = 0 THEN joined_at + interval '1 day' END
FROM organizations_membership, (VALUES (0), (2)) AS of_each (which)
WHERE status = 'active' AND user_id IS NOT NULL
"""
FORMER = """
INSERT INTO organizations_twofactorperiod
    (organization_id, user_id, username, joined_at, level, began_at, ended_at)
SELECT %s, 1000000000 + n, 'gone' || n, timestamptz '2026-01-01', 0, timestamptz '2026-01-01',
    timestamptz '2026-02-01'
FROM generate_series(1, %s) AS n
"""


@pytest.fixture(scope="module")
def periods(crowd, django_db_blocker):
    with django_db_blocker.unblock(), patience_kept(connection) as patient, connection.cursor() as cursor:
        patient()
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(PERIODS)
        for organization in Organization.objects.all():
            cursor.execute(FORMER, [organization.pk, SIZES[organization.name] // 10])
        vacuum(cursor)
        cursor.execute("RESET statement_timeout")
    yield crowd
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE organizations_twofactorperiod")


def whole(name, alice, at_most=math.inf):
    """The bytes and the last block of a file, whose other blocks are let go as they come."""
    size, last = 0, b""
    for block in evidence.begun(Organization.objects.get(name=name), alice).blocks():
        size, last = size + len(block), block
        if size > at_most:
            break
    return size, last


def rows_signed(last):
    statement, _signature = read_trailer(last, "csv")
    return statement.rows


def reads(act):
    """The statements of `act` that read members or periods."""
    with CaptureQueriesContext(connection) as captured:
        act()
        return [query["sql"] for query in captured if query["sql"].endswith(f"LIMIT {AT_ONCE}")]


def touched(sql):
    """How many blocks a statement touches."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    plan = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def test_an_export_reads_each_row_once_and_the_last_batch_like_the_first(db, periods):
    """Batch after batch along an index, as many as there are rows: nothing is read again."""
    of = {}
    for name, size in SIZES.items():
        ends = []
        of[name] = reads(lambda name=name, ends=ends: ends.append(whole(name, periods)[1]))
        assert rows_signed(ends[0]) == size * 2.1 + 1  # nobody is left out, or comes twice
        batches = math.ceil(size / AT_ONCE) + math.ceil(size * 2.1 / AT_ONCE)
        assert len(of[name]) <= batches + 4

    for table, most in (("organizations_membership", 2), ("organizations_twofactorperiod", 2)):
        small, large = ([sql for sql in of[name] if f'FROM "{table}"' in sql] for name in SIZES)
        costs = [touched(sql) for sql in (small[0], large[0], large[len(large) // 2], large[-2])]
        assert max(costs) < AT_ONCE * most, costs


def test_twenty_times_as_much_takes_the_same_memory(db, periods):
    """Whole, the large one would only take longer: memory is traced slowly."""
    size, _last = whole("small", periods)  # and what is made once
    peaks = []
    for name, at_most in (("small", size), ("large", 20 * size)):
        tracemalloc.start()
        try:
            whole(name, periods, at_most)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.5 + 1_000_000, peaks
