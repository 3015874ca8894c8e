"""What the audit trail touches among 1,000 and among 100,000 events of one organization.

Counted in blocks of 8 kB by PostgreSQL itself, beside as many sign-ins, and as many events of an organization
that had the name before.
"""

from functools import partial

import pytest
from django.db import connection
from django.http import QueryDict

from accounts.database.timeouts import patience_kept
from accounts.models import AuditEvent
from accounts.web.keyset import keyset_page
from organizations.models import Organization
from organizations.trail.reading import NEWEST_FIRST, Filters, trail_of
from tests.accounts.growth.crowd import clear
from tests.support import people, plans
from tests.support.organizations import found

pytestmark = [pytest.mark.planner, pytest.mark.django_db]

# Every tenth by the owner, who is concerned by every tenth; twenty of a rare kind, in the middle.
EVENTS = """
INSERT INTO accounts_auditevent (event, actor, subject, subject_id, user_agent, door, request_id, data,
    created_at)
SELECT CASE WHEN n BETWEEN %(size)s / 2 AND %(size)s / 2 + 19 THEN 'organization.updated'
        ELSE 'organization.member_invited' END,
    'user:' || CASE WHEN mod(n, 10) = 0 THEN 'alice' ELSE 'm' || mod(n, 977) END,
    'organization:acme', %(id)s, '', 'html', '',
    jsonb_build_object('member', CASE WHEN mod(n, 10) = 5 THEN 'alice' WHEN n = %(size)s / 2 THEN 'bob'
        ELSE 'm' || mod(n, 977) END),
    now() - (%(size)s - n) * interval '1 minute' - %(age)s * interval '1 day'
FROM generate_series(1, %(size)s) AS n
"""
SIGN_INS = """
INSERT INTO accounts_auditevent (event, actor, subject, user_id, user_agent, door, request_id, data,
    created_at)
SELECT 'login.succeeded', 'user:m' || n, 'user:m' || n, n, '', 'html', '', '{}', now()
FROM generate_series(1, %(size)s) AS n
"""
FORMER = 200  # days ago


@pytest.fixture(scope="module", params=[1_000, 100_000])
def acme(request, django_db_setup, django_db_blocker):
    """An organization of so many events, in real transactions."""
    with django_db_blocker.unblock(), patience_kept(connection) as patient:
        patient()
        try:
            organization = found("acme", people.make_user("alice"))
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
                sizes = {"size": request.param}
                cursor.execute(EVENTS, sizes | {"id": organization.pk + 1_000, "age": FORMER})
                cursor.execute(EVENTS, sizes | {"id": organization.pk, "age": 0})
                cursor.execute(SIGN_INS, sizes)
                cursor.execute(
                    "UPDATE organizations_organization SET created_at = now() - interval '100 days'"
                )
                cursor.execute("VACUUM ANALYZE")
                cursor.execute("RESET statement_timeout")
            yield Organization.objects.get(name="acme"), request.param
        finally:
            clear()


@pytest.fixture
def _django_db_helper(acme):
    """In place of pytest-django's: no transaction around a test, and no rows deleted after it."""


def first_and_middle(organization, filters, size):
    """Read the first page, one in the middle, and one backwards from there."""
    trail = trail_of(organization, filters)
    middle = AuditEvent.objects.filter(subject_id=organization.pk).order_by("created_at")[size // 2]
    cursor = NEWEST_FIRST.cursor_of(middle)
    for query in ("", f"after={cursor}", f"before={cursor}"):
        yield partial(keyset_page, trail, QueryDict(query), NEWEST_FIRST)


FILTERS = {
    "everything": Filters(),
    "a person of many events": Filters(person="alice"),
    "a person of few": Filters(person="bob"),
    "nobody": Filters(person="nobody"),
    "an address": Filters(person="x@elsewhere.example"),
    "a kind of many events": Filters(kind="organization.member_invited"),
    "a kind of few": Filters(kind="organization.updated"),
    "a kind of none": Filters(kind="organization.deleted"),
    "a person and a kind": Filters(person="alice", kind="organization.updated"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_page_touches_as_many_blocks_among_100_000_events(acme, name):
    organization, size = acme

    for read in first_and_middle(organization, FILTERS[name], size):
        assert plans.blocks(read, times=1) <= 200


def test_days_long_ago_are_found_at_once(acme):
    organization, _size = acme
    day = oldest_of(organization).created_at.date()

    trail = trail_of(organization, Filters(since=day, until=day))

    assert plans.blocks(partial(keyset_page, trail, QueryDict(""), NEWEST_FIRST), times=1) <= 200


def test_the_events_of_a_former_organization_are_neither_shown_nor_read(acme):
    organization, _size = acme
    query = QueryDict(f"after={NEWEST_FIRST.cursor_of(oldest_of(organization))}")

    read = partial(keyset_page, trail_of(organization, Filters()), query, NEWEST_FIRST)

    assert read().rows == []
    assert plans.blocks(read, times=1) <= 30


def oldest_of(organization):
    return AuditEvent.objects.filter(subject_id=organization.pk).order_by("created_at")[:1].get()


def test_what_an_export_reads_grows_with_what_it_has(acme):
    """About three blocks for a hundred events; a scan for each batch would be a hundred times as many."""
    organization, size = acme
    trail = trail_of(organization, Filters())

    touched = plans.blocks(lambda: sum(1 for _ in trail.oldest_first()), times=1)

    assert touched <= 200 + 1.2 * size
