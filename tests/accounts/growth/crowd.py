"""A database with so many of everything, and how many blocks of it something touches.

Nothing in it is to be tidied and no mail is due. Made by SQL: rows through models take minutes.
"""

import time

from django.db import connection

from accounts.database.timeouts import patience_kept
from tests.support.database import events_unprotected
from tests.support.plans import plan_anew

TABLES = (
    "accounts_auditevent",
    "accounts_outboxmessage",
    "accounts_mailwindow",
    "accounts_ratelimit",
    "factor_sms_destination",
    "accounts_user",
    "organizations_organization",
    # No reference leads to these that CASCADE could follow.
    "organizations_organizationday",
    "organizations_twofactorperiod",
)
# What a few rows are beside all the others: some choices of filters match so many.
FEW = 20

USERS = """
INSERT INTO accounts_user (password, is_superuser, username, email, email_confirmed_at, unconfirmed_email,
    is_active, is_staff, date_joined, two_factor_enabled_at, two_factor_level, security_stamp)
SELECT '!', false, 'm' || lpad(n::text, 6, '0'), 'm' || n || '@example.com',
    CASE WHEN n > {few} THEN now() END, CASE WHEN n <= {few} THEN 'next' || n || '@example.com' ELSE '' END,
    n > {few}, n <= {few}, now(), CASE WHEN n > {few} THEN now() END,
    CASE WHEN n > {few} THEN 2 ELSE 0 END, 's'
FROM generate_series(1, {size}) AS n
"""
OF_EACH_USER = (
    # Half of the living sessions have not been used for a week.
    """
    INSERT INTO accounts_session (key_hash, user_id, security_stamp, data, created_at, last_used_at,
        expires_at,
        factor, user_agent)
    SELECT 'k' || id, id, 's', '{{}}', now() - interval '8 days', now() - mod(id, 2) * interval '7 days',
        now() + interval '6 days', '', ''
    FROM accounts_user
    """,
    """
    INSERT INTO accounts_rememberedbrowser (token_hash, user_id, security_stamp, created_at, last_used_at,
        expires_at, user_agent)
    SELECT 'k' || id, id, 's', now() - interval '8 days', now(), now() + interval '6 days', ''
    FROM accounts_user
    """,
    "INSERT INTO accounts_ratelimit SELECT 'k' || id, 1, now() + interval '10 minutes' FROM accounts_user",
    # Tokens that expire soon, about which their owners were told, or which are too short for mails.
    """
    INSERT INTO accounts_apitoken (token_hash, description, verified, created_by, created_at, expires_at,
        expiry_told, owner_id)
    SELECT 'k' || id, '', false, '', now() - interval '80 days',
        now() + mod(id, 29) * interval '1 day' + interval '1 hour', CASE WHEN mod(id,
            29) < 7 THEN 7 ELSE 30 END, id
    FROM accounts_user
    """,
    """
    INSERT INTO factor_totp_totpdevice (user_id, name, confirmed, created_at, confirmed_at, failures,
        sealed_secret, last_step)
    SELECT id, 'x', true, now() - interval '1 day', now(), 0, 'x', 0 FROM accounts_user
    """,
    """
    INSERT INTO factor_sms_smsdevice (user_id, name, confirmed, created_at, confirmed_at, failures,
        sealed_number,
        number_digest, last_digits)
    SELECT id, 'x', true, now() - interval '1 day', now(), 0, 'x', 'x', '00' FROM accounts_user
    """,
    """
    INSERT INTO factor_sms_textmessage (user_id, device_id, purpose, digest, created_at, expires_at, tries,
        status,
        provider_id)
    SELECT user_id, id, 'login', '', now() - interval '1 day', now() - interval '1 day', 0, 'sent', 'p' || id
    FROM factor_sms_smsdevice
    """,
    """
    INSERT INTO factor_sms_destination (key, purpose, country, ending, window_began_at, sent, used,
        tripped_by,
        reason)
    SELECT 'k' || id, 'login', 'US', '00', now(), 1, 1, '', '' FROM accounts_user
    """,
    """
    INSERT INTO factor_backup_codes_backupcodeset (user_id, name, confirmed, created_at, confirmed_at,
        failures)
    SELECT id, 'x', true, now() - interval '1 day', now(), 0 FROM accounts_user
    """,
    # Mails: sent, given up, and waiting for another try.
    """
    INSERT INTO accounts_outboxmessage (kind, audience, key, sealed, cursor, created_at, due_at, expires_at,
        attempts, sent_at, last_error)
    SELECT 'mail', '', '', CASE kind WHEN 'waits' THEN 'x' ELSE '' END, 0, now() - interval '2 days',
        CASE kind WHEN 'waits' THEN now() + interval '50 minutes' ELSE now() - interval '2 days' END,
        CASE kind WHEN 'given up' THEN now() - interval '1 day' ELSE now() + interval '1 day' END,
        0, CASE kind WHEN 'sent' THEN now() - interval '2 days' END, ''
    FROM accounts_user, unnest(ARRAY['sent', 'given up', 'waits']) AS kind
    """,
    """
    INSERT INTO accounts_mailwindow (reader, name, closes_at, count, held, sealed, audience, key)
    SELECT 'user:' || id, 'x', now() + interval '30 minutes', 2, mod(id, 2), 'x', '', '' FROM accounts_user
    """,
    # Sign-ins, and few events of other kinds through other doors.
    """
    INSERT INTO accounts_auditevent (event, actor, subject, user_id, user_agent, door, request_id, data,
        created_at)
    SELECT CASE WHEN few THEN 'account.deactivated' ELSE 'login.succeeded' END,
        CASE WHEN few THEN 'user:root' ELSE 'user:' || username END, 'user:' || username, id, '',
        CASE WHEN few THEN 'command' ELSE 'html' END, '', '{{}}', now()
    FROM (SELECT *, NOT is_active AS few FROM accounts_user) AS people
    """,
    """
    INSERT INTO organizations_organization (name, email, collaborator_auth_policy, created_at)
    VALUES ('acme', 'x@example.com', 'password', now())
    """,
    """
    INSERT INTO organizations_organization (name, email, collaborator_auth_policy, created_at)
    SELECT 'o' || id, 'x@example.com', CASE WHEN is_active THEN 'password' ELSE 'two_factor_mandatory' END,
        now()
    FROM accounts_user WHERE mod(id, 10) = 0 OR NOT is_active
    """,
    "INSERT INTO organizations_organizationcounts SELECT id, 0, 0, 0 FROM organizations_organization",
    """
    INSERT INTO organizations_membership (organization_id, user_id, email, username, is_owner, status,
        two_factor_enabled, two_factor_level, invited_by, created_at, joined_at, address_key)
    SELECT (SELECT id FROM organizations_organization WHERE name = 'acme'), id, '', username, not is_active,
        'active', two_factor_enabled_at IS NOT NULL, two_factor_level, '', now(), now(), email
    FROM accounts_user
    """,
    """
    INSERT INTO organizations_membership (organization_id, email, username, is_owner, status,
        two_factor_enabled,
        invited_by, created_at, expires_at)
    SELECT (SELECT id FROM organizations_organization WHERE name = 'acme'), 'x' || id || '@example.com',
        '', false,
        'invited', false, '', now(), now() + interval '6 days'
    FROM accounts_user
    """,
)


def fill(size):
    clear()
    execute(USERS.format(size=size, few=FEW))
    for statement in OF_EACH_USER:
        plan_anew()
        execute(statement.format())
    # Hints and visibility are set at the first look: they would be counted to who has it.
    for _ in range(3):
        execute("VACUUM ANALYZE")
        time.sleep(0.1)


def execute(sql):
    """Execute a statement, however long it takes."""
    with patience_kept(connection) as patient, connection.cursor() as cursor:
        patient()
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(sql)
        cursor.execute("RESET statement_timeout")


def clear():
    with events_unprotected(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")


TOUCHED = """
SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)
    + coalesce(toast_blks_read + toast_blks_hit, 0) + coalesce(tidx_blks_read + tidx_blks_hit, 0))
FROM pg_statio_user_tables
"""


def blocks(act):
    """How many blocks of our tables and indexes `act` touches, as the server counts them."""
    before = counted()
    act()
    return counted() - before


def counted():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(TOUCHED)
        return int(cursor.fetchone()[0])
