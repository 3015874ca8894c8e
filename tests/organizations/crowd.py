"""Two organizations, of a thousand and of a hundred thousand members, made by SQL once for a module."""

import time

import pytest
from django.db import connection

from accounts.database.timeouts import patience_kept
from organizations.models import Membership, Organization, OrganizationCounts
from tests.support import people
from tests.support.plans import plan_anew

SIZES = {"small": 1_000, "large": 100_000}

# Three of ten without two-factor, one of ten with texts only; every hundredth an owner, all of these with it:
# the worst case.
USERS = """
INSERT INTO accounts_user (password, is_superuser, username, email, email_confirmed_at, unconfirmed_email,
    is_active, is_staff, date_joined, two_factor_enabled_at, two_factor_level, security_stamp)
SELECT '!', false, 'm' || lpad(n::text, 6, '0'), 'm' || n || '@example.com', now(), '', true, false, now(),
    CASE WHEN mod(n, 10) >= 3 OR mod(n, 100) = 0 THEN now() END,
    CASE WHEN mod(n, 10) = 5 THEN 1 WHEN mod(n, 10) >= 3 OR mod(n, 100) = 0 THEN 2 ELSE 0 END, ''
FROM generate_series(1, %s) AS n
"""
MEMBERS = """
INSERT INTO organizations_membership (organization_id, user_id, email, username, is_owner, status,
    two_factor_enabled, two_factor_level, invited_by, created_at, joined_at, address_key)
SELECT %s, id, '', username, right(username, 2) = '00', 'active', two_factor_enabled_at IS NOT NULL,
    two_factor_level, '',
    now(), timestamptz '2026-01-01' + id * interval '1 minute', email
FROM accounts_user WHERE username ~ '^m[0-9]' ORDER BY username LIMIT %s
"""
# Some tables have no reference that CASCADE could follow.
TRUNCATE = """
TRUNCATE accounts_user, organizations_organization, organizations_organizationday,
    organizations_twofactorperiod, organizations_invitationbatch CASCADE
"""
INVITATIONS = """
INSERT INTO organizations_membership (organization_id, email, username, is_owner, status, two_factor_enabled,
    invited_by, created_at, expires_at)
SELECT %s, 'm' || n || '@invited.example', '', false, 'invited', false, '', now(), now() + interval '7 days'
FROM generate_series(1, %s) AS n
"""


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker):
    """alice, who owns both organizations; all of it made once, by SQL, and removed at the end."""
    with django_db_blocker.unblock(), patience_kept(connection) as patient:
        alice = people.make_user("alice")
        patient()
        try:
            with patience_kept(connection) as patient, connection.cursor() as cursor:
                patient()
                # The product's own limit is for what people wait for, and a slow machine fills for longer.
                cursor.execute("SET statement_timeout = 0")
                cursor.execute(USERS, [max(SIZES.values())])
                plan_anew()
                for name, size in SIZES.items():
                    fill(cursor, name, size, alice)
                vacuum(cursor)
                cursor.execute("RESET statement_timeout")
            yield alice
        finally:
            with patience_kept(connection) as patient, connection.cursor() as cursor:
                patient()
                cursor.execute("SET statement_timeout = 0")
                cursor.execute(TRUNCATE)
                cursor.execute("RESET statement_timeout")


VISIBLE = "SELECT relpages <= relallvisible FROM pg_class WHERE relname = 'organizations_membership'"


def vacuum(cursor):
    """Until all rows are known to be visible to all: another snapshot can be in the way.

    FULL at first: what former tests have left in tables and indexes would be counted as well.
    """
    cursor.execute("VACUUM FULL")
    for _ in range(20):
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(VISIBLE)
        if cursor.fetchone()[0]:
            return
        time.sleep(0.5)
    pytest.fail("VACUUM marks no pages")


def fill(cursor, name, size, alice):
    organization = Organization.objects.create(name=name, email="x@example.com")
    OrganizationCounts.objects.create(organization=organization, members=size + 1, invited=size // 10)
    cursor.execute(MEMBERS, [organization.pk, size])
    cursor.execute(INVITATIONS, [organization.pk, size // 10])
    Membership.objects.create(
        organization=organization,
        user=alice,
        username="alice",
        is_owner=True,
        status="active",
        joined_at=alice.date_joined,
        two_factor_enabled=True,
        two_factor_level=2,
    )
