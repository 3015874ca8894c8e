"""`doctor` names each row that was deleted or changed behind the product's back (SF13)."""

import io
import re
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts import factors, outbox
from accounts.audit import retention
from accounts.factors.backup_codes.models import BackupCode
from accounts.factors.sms.models import Destination, Purpose, TextMessage
from accounts.management.doctor import Check, checks
from accounts.models import ApiToken, OutboxMessage, RateLimit, RememberedBrowser, Session, User
from accounts.tokens import issuing
from organizations import tokens as organization_tokens
from organizations.members import invitations
from organizations.models import Membership, Organization, OrganizationToken
from tests.support import environment
from tests.support.crawler import undone
from tests.support.organizations import SERVER, actor_of, make_stage

POSTGRESQL = environment.KIND == "postgresql"
LIVES_ON = {LogEntry, Group}  # Django's, which the product does not use


def doctor(*options):
    """(exit code, what it printed)"""
    output = io.StringIO()
    try:
        call_command("doctor", *options, stdout=output)
    except SystemExit as end:
        return end.code, output.getvalue()
    return 0, output.getvalue()


def furnish(stage):
    """One of everything that the product stores."""
    now = timezone.now()
    factor = factors.get("sms")
    state = factor.begin_enrolment(stage.max, phone_number="+12025550143")
    phone = factor.confirm(stage.max, state)
    TextMessage.objects.create(
        user=stage.max, device=phone, purpose="login", digest="0" * 64, expires_at=now + timedelta(minutes=5)
    )
    Destination.objects.create(key="US", country="US", purpose=Purpose.SET_UP)
    factors.get("app").begin_enrolment(stage.mia)
    for name in ["olga", "max"]:
        stage.browser(name)
    stage.browser("mia")
    RememberedBrowser.objects.create(
        user=stage.max, token_hash="1" * 64, security_stamp=stage.max.security_stamp, created_at=now,
        expires_at=now + timedelta(days=14), last_used_at=now,
    )  # fmt: skip
    issuing.create(stage.max, description="ci", expires_at=None, actor=actor_of(stage.max))
    fort = Organization.objects.get(name="fort")
    organization_tokens.replace(fort, OrganizationToken.Kind.OWNERS, expires_at=None, actor=SERVER)
    invitations.invite(fort, "new@example.com", actor=actor_of(stage.olga))
    BackupCode.objects.filter(code_set__user=stage.eve, position__lt=3).update(used_at=now)
    RateLimit.objects.get_or_create(key="x:y:300", count=1, resets_at=now + timedelta(minutes=5))
    outbox.notify(stage.max, "account_deactivated", actor=SERVER, reason="x")
    outbox.broadcast("organization_lifted_two_factor", audience="owners", key="0", organization_name="fort")
    newest = OutboxMessage.objects.latest("pk")
    sealed = newest.sealed
    OutboxMessage.objects.exclude(pk=newest.pk).update(sent_at=now, sealed="")
    OutboxMessage.objects.create(sealed=sealed, expires_at=now + timedelta(days=1))
    retention.keep_for(90, actor=SERVER)


@pytest.fixture(scope="module")
def furnished(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), undone():
        stage = make_stage()
        furnish(stage)
        yield stage


@pytest.fixture
def site(furnished, db, settings):
    settings.AUDIT_RETENTION_DAYS = 90
    return furnished


@contextmanager
def behind_the_back():
    """A database that lets anything be written, as its owner can have it, until the end of the block."""
    with undone(), connection.cursor() as cursor:
        if not POSTGRESQL:
            cursor.execute("PRAGMA ignore_check_constraints = 1")
        else:
            cursor.execute(
                "SET CONSTRAINTS ALL IMMEDIATE"
            )  # no change may be pending when a table is altered
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        try:
            yield cursor
        finally:
            if not POSTGRESQL:
                cursor.execute("PRAGMA ignore_check_constraints = 0")


def without_constraint(cursor, table, name):
    if POSTGRESQL:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def test_sf13_a_healthy_site_with_one_of_everything_is_ok_everywhere(site):
    empty = {model for model in apps.get_models() if not model._base_manager.exists()}
    assert empty <= LIVES_ON

    code, output = doctor()

    assert (code, output.count("ok: ")) == (0, len(checks)), output
    assert "WRONG" not in output


# ---------------------------------------------------------------- changed and deleted

LATER = "'2099-01-01 00:00:00'"
OF = "(SELECT id FROM accounts_user WHERE username = '{}')"
MAX, MIA, OSCAR, EVE = (OF.format(name) for name in ["max", "mia", "oscar", "eve"])
LONG_AGO = "'2020-01-01 00:00:00'"
FIRST_WINDOW = "(SELECT min(id) FROM accounts_mailwindow)"
FORT = "(SELECT id FROM organizations_organization WHERE name = 'fort')"
OPEN = "(SELECT id FROM organizations_organization WHERE name = 'open')"
TRUE = "true" if POSTGRESQL else "1"
FALSE = "false" if POSTGRESQL else "0"

GIVEN = (
    "INSERT INTO accounts_user_user_permissions (user_id, permission_id) "
    "SELECT {}, id FROM auth_permission WHERE codename = '{}'"
)

# By what is wrong: the statements that make it so, the check that says so, and its words.
TAMPERED = {
    "device-deleted": (
        [f"DELETE FROM factor_totp_totpdevice WHERE user_id = {OSCAR}"],
        "two-factor and devices agree",
        "oscar: two-factor is on, and there is no confirmed device",
    ),
    "flag-taken": (
        [f"UPDATE accounts_user SET two_factor_enabled_at = NULL WHERE id = {OSCAR}"],
        "two-factor and devices agree",
        "oscar: two-factor is off, and there is a confirmed device",
    ),
    "device-unconfirmed": (
        [f"UPDATE factor_totp_totpdevice SET confirmed = {FALSE} WHERE user_id = {OSCAR}"],
        "two-factor and devices agree",
        "oscar: two-factor is on, and there is no confirmed device",
    ),
    "device-confirmed-by-hand": (
        [f"UPDATE factor_totp_totpdevice SET confirmed = {TRUE} WHERE user_id = {MIA}"],
        "devices and codes",
        "mia: the app .* counts as confirmed, and nobody confirmed it",
    ),
    "removal-by-force-marked": (
        [f"UPDATE accounts_user SET two_factor_forced_off_at = CURRENT_TIMESTAMP WHERE id = {MAX}"],
        "two-factor and devices agree",
        "max: two-factor is on, and marked as removed by force",
    ),
    "set-of-codes-deleted": (
        [
            (
                "DELETE FROM factor_backup_codes_backupcode WHERE code_set_id IN (SELECT id FROM "
                f"factor_backup_codes_backupcodeset WHERE user_id = {MAX})"
            ),
            f"DELETE FROM factor_backup_codes_backupcodeset WHERE user_id = {MAX}",
        ],
        "backup codes",
        "max: two-factor is on without exactly one set of backup-codes",
    ),
    "one-code-deleted": (
        [
            (
                "DELETE FROM factor_backup_codes_backupcode WHERE position = 7 AND code_set_id IN "
                f"(SELECT id FROM factor_backup_codes_backupcodeset WHERE user_id = {MAX})"
            )
        ],
        "devices and codes",
        "max: the set of backup-codes .* has 9 codes",
    ),
    "used-codes-deleted": (
        ["DELETE FROM factor_backup_codes_backupcode WHERE used_at IS NOT NULL"],
        "devices and codes",
        "eve: the set of backup-codes .* has 7 codes",
    ),
    "all-codes-deleted": (
        ["DELETE FROM factor_backup_codes_backupcode"],
        "devices and codes",
        "olga: the set of backup-codes .* has 0 codes",
    ),
    "failures-ignored": (
        [f"UPDATE factor_totp_totpdevice SET failures = 100, set_aside_at = NULL WHERE user_id = {MAX}"],
        "devices and codes",
        "max: the app .* works after 100 wrong answers",
    ),
    "step-of-the-future": (
        [f"UPDATE factor_totp_totpdevice SET last_step = last_step + 100000 WHERE user_id = {MAX}"],
        "devices and codes",
        "max: app .* has used a code of .* minutes from now",
    ),
    "text-of-somebody-else": (
        [f"UPDATE factor_sms_textmessage SET user_id = {EVE}"],
        "devices and codes",
        "eve: text .* went to somebody else's number",
    ),
    "user-deleted": (
        [f"DELETE FROM accounts_user WHERE id = {MAX}"],
        "references",
        "factor_totp_totpdevice.user_id: what it refers to is gone, in 1 row",
    ),
    "owner-of-token-deleted": (
        [f"DELETE FROM accounts_user WHERE id = {MAX}"],
        "references",
        "accounts_apitoken.owner_id: what it refers to is gone, in 1 row",
    ),
    "device-of-text-deleted": (
        ["DELETE FROM factor_sms_smsdevice"],
        "references",
        "factor_sms_textmessage.device_id: what it refers to is gone",
    ),
    "set-of-its-codes-deleted": (
        ["DELETE FROM factor_backup_codes_backupcodeset"],
        "references",
        r"factor_backup_codes_backupcode.code_set_id: what it refers to is gone, in 50 rows \(\d+, ",
    ),
    "organization-deleted": (
        [f"DELETE FROM organizations_organization WHERE id = {FORT}"],
        "references",
        "organizations_membership.organization_id: what it refers to is gone",
    ),
    "secret-garbled": (
        [f"UPDATE factor_totp_totpdevice SET sealed_secret = 'x' WHERE user_id = {MAX}"],
        "encryption keys",
        "TOTPDevice.sealed_secret: no entry of ENCRYPTION_KEYS opens it: 1 of 6",
    ),
    "secret-emptied": (
        [f"UPDATE factor_totp_totpdevice SET sealed_secret = '' WHERE user_id = {MAX}"],
        "encryption keys",
        "TOTPDevice.sealed_secret is empty in 1 row",
    ),
    "secret-of-somebody-else": (
        [
            (
                "UPDATE factor_totp_totpdevice SET sealed_secret = (SELECT sealed_secret FROM "
                f"factor_totp_totpdevice WHERE user_id = {EVE}) WHERE user_id = {MAX}"
            )
        ],
        "encryption keys",
        "TOTPDevice.sealed_secret: it was sealed for another row: 1 of 6",
    ),
    "digest-of-another-code": (
        [
            (
                f"UPDATE factor_backup_codes_backupcode SET digest = '{'a' * 64}' WHERE position = 7 AND "
                f"code_set_id IN (SELECT id FROM factor_backup_codes_backupcodeset WHERE user_id = {MAX})"
            )
        ],
        "encryption keys",
        "BackupCode.sealed_code: its digest is of another value: 1 of 50",
    ),
    "digest-of-another-number": (
        [f"UPDATE factor_sms_smsdevice SET number_digest = '{'a' * 64}'"],
        "encryption keys",
        "SMSDevice.sealed_number: its digest is of another value: 1 of 1",
    ),
    "mail-garbled": (
        ["UPDATE accounts_outboxmessage SET sealed = 'x' WHERE sent_at IS NULL"],
        "encryption keys",
        "OutboxMessage.sealed: no entry of ENCRYPTION_KEYS opens it: 2 of 2",
    ),
    "mail-emptied": (
        ["UPDATE accounts_outboxmessage SET sealed = '' WHERE sent_at IS NULL AND audience = ''"],
        "outbox",
        "nothing is left to be sent in 1 row",
    ),
    "mail-of-no-kind": (
        ["UPDATE accounts_outboxmessage SET kind = 'pigeon' WHERE sent_at IS NULL AND audience = ''"],
        "outbox",
        "no carrier sends messages of their kind: 1 row",
    ),
    "mail-fails": (
        ["UPDATE accounts_outboxmessage SET attempts = 4, last_error = 'KeyError' WHERE audience != ''"],
        "outbox",
        r"message \d+ \(mail\) fails: KeyError, after 4 attempts",
    ),
    "mail-kept": (
        ["UPDATE accounts_outboxmessage SET sent_at = CURRENT_TIMESTAMP WHERE audience != ''"],
        "outbox",
        "what was sent is still stored: 1 row",
    ),
    "mail-stuck": (
        ["UPDATE accounts_outboxmessage SET created_at = '2020-01-01 00:00:00' WHERE audience != ''"],
        "mails",
        "1 mails have not left, the oldest since 2020-01-01",
    ),
    "text-stuck": (
        [
            (
                "UPDATE accounts_outboxmessage SET kind = 'text', created_at = '2020-01-01 00:00:00' "
                "WHERE sent_at IS NULL AND audience = ''"
            )
        ],
        "mails",
        "1 texts have not left",
    ),
    "held-mail-forgotten": (
        [f"UPDATE accounts_mailwindow SET held = 2, closes_at = {LONG_AGO} WHERE id = {FIRST_WINDOW}"],
        "mails",
        "mails that were held back have not left: 1 row",
    ),
    "stamp-garbled": (
        [f"UPDATE accounts_session SET security_stamp = 'x' WHERE user_id = {MAX}"],
        "sessions and tokens",
        "accounts.Session.security_stamp is garbage in 1 row",
    ),
    "stamp-of-user-garbled": (
        [f"UPDATE accounts_user SET security_stamp = '' WHERE id = {MAX}"],
        "sessions and tokens",
        "accounts.User.security_stamp is garbage in 1 row",
    ),
    "key-garbled": (
        [f"UPDATE accounts_session SET key_hash = 'x' WHERE user_id = {MAX}"],
        "sessions and tokens",
        "accounts.Session.key_hash is garbage in 1 row",
    ),
    "token-garbled": (
        ["UPDATE accounts_apitoken SET token_hash = 'x'"],
        "sessions and tokens",
        "accounts.ApiToken.token_hash is garbage in 1 row",
    ),
    "session-verified-by-hand": (
        [f"UPDATE accounts_session SET verified_at = CURRENT_TIMESTAMP WHERE user_id = {MIA}"],
        "sessions and tokens",
        "the session counts as verified, and its user has no two-factor: 1 row",
    ),
    "organization-token-garbled": (
        ["UPDATE organizations_organizationtoken SET token_hash = 'x'"],
        "tokens of organizations",
        "OrganizationToken.token_hash is garbage in 1 row",
    ),
    "owner-without-two-factor": (
        [f"UPDATE accounts_user SET two_factor_enabled_at = NULL WHERE id = {OSCAR}"],
        "owners of mandatory organizations are enrolled",
        "fort: its owner oscar has no two-factor authentication",
    ),
    "owners-demoted": (
        [f"UPDATE organizations_membership SET is_owner = {FALSE} WHERE organization_id = {OPEN}"],
        "every organization has an owner",
        "open has no owner",
    ),
    "mirror-wrong": (
        [f"UPDATE organizations_membership SET two_factor_enabled = {TRUE} WHERE user_id = {MIA}"],
        "memberships mirror their users",
        "fort: mia is mirrored as two_factor_enabled=True",
    ),
    "name-wrong": (
        [f"UPDATE organizations_membership SET username = 'mallory' WHERE user_id = {MIA}"],
        "memberships mirror their users",
        "fort: mallory is called mia now",
    ),
    "invitation-tells": (
        [f"UPDATE organizations_membership SET two_factor_enabled = {TRUE} WHERE status = 'invited'"],
        "memberships mirror their users",
        "fort: the invitation of new@example.com tells that it has two-factor",
    ),
    "invitation-in-capitals": (
        ["UPDATE organizations_membership SET email = 'New@example.com' WHERE status = 'invited'"],
        "invitations",
        "the addresses of invitations are not in lower case, so nobody can accept them: 1 row",
    ),
    "invitation-to-nobody": (
        ["UPDATE organizations_membership SET email = 'new' WHERE status = 'invited'"],
        "invitations",
        "invitations are to no address: 1 row",
    ),
    "membership-deleted": (
        [f"DELETE FROM organizations_membership WHERE user_id = {MIA}"],
        "counts",
        "fort: the counts of its members are wrong",
    ),
    "counts-deleted": (
        [f"DELETE FROM organizations_organizationcounts WHERE organization_id = {FORT}"],
        "counts",
        "fort: the counts of its members are wrong",
    ),
    "counts-changed": (
        [f"UPDATE organizations_organizationcounts SET invited = 7 WHERE organization_id = {OPEN}"],
        "counts",
        "open: the counts of its members are wrong",
    ),
    "migration-forgotten": (
        ["DELETE FROM django_migrations WHERE name = '0004_api_tokens'"],
        "migrations",
        "the migration accounts 0004_api_tokens is not applied: run migrate",
    ),
    "migration-of-a-newer-release": (
        ["UPDATE django_migrations SET name = '0099_later' WHERE name = '0004_api_tokens'"],
        "migrations",
        "the database has the migration accounts 0099_later, which this release does not know",
    ),
    "constraint-dropped": (
        [
            "DROP INDEX unique_confirmed_email",
            "UPDATE accounts_user SET email = 'olga@example.com' WHERE username = 'max'",
        ],
        "constraints",
        "accounts_user: the constraint unique_confirmed_email is missing",
    ),
    "constraint-of-the-same-name": (
        [
            "DROP INDEX unique_confirmed_email",
            "CREATE UNIQUE INDEX unique_confirmed_email ON accounts_user (id)",
            "UPDATE accounts_user SET email = 'OLGA@example.com' WHERE username = 'max'",
        ],
        "values",
        r"accounts_user: unique_confirmed_email does not hold: 2 rows have what row \d+ has",
    ),
    "no-choice": (
        ["UPDATE factor_sms_textmessage SET status = 'lost'"],
        "values",
        "factor_sms_textmessage.status is none of its choices in 1 row",
    ),
    "column-renamed": (
        ["ALTER TABLE accounts_apitoken RENAME COLUMN description TO about"],
        "tables",
        "accounts_apitoken: the column description is missing\n.*no model knows the column about",
    ),
    "index-dropped": (
        ["DROP INDEX superusers"],
        "tables",
        "accounts_user: the index superusers is missing",
    ),
    "superuser-by-hand": (
        [f"UPDATE accounts_user SET is_superuser = {TRUE} WHERE id = {MAX}"],
        "rights",
        "max: is a superuser without being staff",
    ),
    "right-by-hand": (
        [GIVEN.format(MAX, "delete_user")],
        "rights",
        "max: has the permission accounts.delete_user, which nobody can be given here",
    ),
    "right-of-no-staff": (
        [GIVEN.format(MAX, "change_user")],
        "rights",
        "max: has the permission accounts.change_user without being staff",
    ),
    "permission-deleted": (
        ["DELETE FROM auth_permission WHERE codename = 'change_user'"],
        "rights",
        "the permission accounts.change_user is missing",
    ),
    "name-of-no-form": (
        [f"UPDATE accounts_user SET username = 'a@b' WHERE id = {MAX}"],
        "sessions and tokens",
        "accounts.User.username is garbage in 1 row",
    ),
    "password-in-clear": (
        [f"UPDATE accounts_user SET password = 'correct horse' WHERE id = {MAX}"],
        "sessions and tokens",
        "accounts.User.password is garbage in 1 row",
    ),
    "address-unconfirmed": (
        [f"UPDATE accounts_user SET email_confirmed_at = NULL WHERE id = {MAX}"],
        "two-factor and devices agree",
        "max: two-factor is on, and there is no confirmed address",
    ),
    "browser-remembered-by-hand": (
        [
            (
                f"UPDATE accounts_rememberedbrowser SET user_id = {MIA}, security_stamp = "
                "(SELECT security_stamp FROM accounts_user WHERE username = 'mia')"
            )
        ],
        "sessions and tokens",
        "the browser is remembered, and its user has no two-factor: 1 row",
    ),
}
# What SQLite does not let its owner do with a statement.
if POSTGRESQL:
    TAMPERED |= {
        "column-of-an-older-release": (
            ["ALTER TABLE organizations_organization ALTER COLUMN name TYPE varchar(20)"],
            "tables",
            "organizations_organization: name takes 20 characters, not 40",
        ),
        "column-that-may-be-empty": (
            ["ALTER TABLE accounts_session ALTER COLUMN security_stamp DROP NOT NULL"],
            "tables",
            "accounts_session: security_stamp may be empty, unlike in the model",
        ),
        "value-emptied": (
            [
                "ALTER TABLE accounts_session ALTER COLUMN security_stamp DROP NOT NULL",
                f"UPDATE accounts_session SET security_stamp = NULL WHERE user_id = {MAX}",
            ],
            "values",
            "accounts_session.security_stamp is empty in 1 row",
        ),
    }


@pytest.mark.parametrize("name", TAMPERED)
def test_sf13_doctor_names_what_was_changed_or_deleted(site, name):
    statements, title, words = TAMPERED[name]
    with behind_the_back() as cursor:
        for statement in statements:
            cursor.execute(statement)

        code, output = doctor()

    assert code == 1
    found = output[output.index(f"WRONG: {title}\n") :]
    assert re.search(words, found.split("\nok: ")[0]), output


# What is in order, and worth a note: the statement, the check, and the note.
NOTED = {
    "owners-deactivated": (
        [f"UPDATE accounts_user SET is_active = {FALSE} WHERE username IN ('olga', 'una')"],
        "every organization has an owner",
        "open has no active owner: the accounts of all its owners are deactivated",
    ),
}


@pytest.mark.parametrize("name", NOTED)
def test_pf7_doctor_notes_what_administrators_may_have_done(site, name):
    statements, title, words = NOTED[name]
    with behind_the_back() as cursor:
        for statement in statements:
            cursor.execute(statement)

        code, output = doctor()

    assert code == 0
    found = output[output.index(f"ok: {title}\n") :]
    assert words in found.split("\nok: ")[0], output


# What `run_due_work` should have deleted: the statement that makes it old, and the note.
LEFT_OVER = {
    "session-left-over": (
        [f"UPDATE accounts_session SET expires_at = {LONG_AGO} WHERE user_id = {MAX}"],
        "accounts_session: 1 row .* should have been deleted days ago; does run_due_work run?",
    ),
    "counter-left-over": (
        [f"UPDATE accounts_ratelimit SET resets_at = {LONG_AGO}"],
        r"accounts_ratelimit: \d+ rows? .* should have been deleted days ago",
    ),
    "message-left-over": (
        [f"UPDATE accounts_outboxmessage SET sent_at = {LONG_AGO} WHERE sent_at IS NOT NULL"],
        r"accounts_outboxmessage: \d+ rows? .* should have been deleted days ago",
    ),
    "event-left-over": (
        [
            (
                "INSERT INTO accounts_auditevent (event, actor, subject, door, data, user_agent, request_id, "
                f"created_at) VALUES ('login.failed', 'html', 'user', 'html', '{{}}', '', '', {LONG_AGO})"
            )
        ],
        "accounts_auditevent: 1 row .* should have been deleted days ago",
    ),
}


@pytest.mark.parametrize("name", LEFT_OVER)
def test_sf13_doctor_notes_that_nothing_is_deleted_any_more(site, name):
    statements, words = LEFT_OVER[name]
    with behind_the_back() as cursor:
        for statement in statements:
            cursor.execute(statement)

        code, output = doctor()

    assert code == 0
    assert re.search(words, output[output.index("ok: tidying\n") :]), output


# By constraint: its table, and the statement that breaks it.
BROKEN = {
    "session_user_xor_pending_user": (
        "accounts_session",
        f"UPDATE accounts_session SET pending_user_id = {EVE}, verified_at = NULL, proved_at = NULL",
    ),
    "pending_login_is_not_verified": (
        "accounts_session",
        "UPDATE accounts_session SET pending_user_id = user_id, user_id = NULL WHERE verified_at IS NOT NULL",
    ),
    "invited_by_name_or_address": (
        "organizations_membership",
        "UPDATE organizations_membership SET email = '' WHERE status = 'invited'",
    ),
    "owners_are_active": (
        "organizations_membership",
        f"UPDATE organizations_membership SET is_owner = {TRUE} WHERE status = 'invited'",
    ),
    "known_auth_policy": (
        "organizations_organization",
        "UPDATE organizations_organization SET collaborator_auth_policy = 'none'",
    ),
    "audit_retention_long_enough": ("accounts_auditretention", "UPDATE accounts_auditretention SET days = 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_sf13_doctor_names_rows_that_no_constraint_would_take(site, name):
    table, statement = BROKEN[name]
    with behind_the_back() as cursor:
        without_constraint(cursor, table, name)
        cursor.execute(statement)

        code, output = doctor()

    assert code == 1
    assert re.search(rf"{table}: {name} does not hold in \d+ row", output), output
    assert (f"the constraint {name} is missing" in output) is POSTGRESQL


@pytest.mark.parametrize(
    "column",
    [
        "accounts_user.date_joined",
        "accounts_session.created_at",
        "accounts_session.expires_at",
        "accounts_rememberedbrowser.expires_at",
        "accounts_apitoken.last_used_at",
        "accounts_ratelimit.resets_at",
        "accounts_outboxmessage.due_at",
        "accounts_outboxmessage.claimed_until",
        "accounts_outboxmessage.expires_at",
        "accounts_outboxmessage.sent_at",
        "factor_totp_totpdevice.set_aside_at",
        "factor_sms_textmessage.expires_at",
        "factor_backup_codes_backupcode.used_at",
        "organizations_organization.auth_policy_changed_at",
        "organizations_membership.joined_at",
    ],
)
def test_d43_doctor_names_rows_from_the_future(site, column):
    table, name = column.split(".")
    with behind_the_back() as cursor:
        cursor.execute(f"UPDATE {table} SET {name} = {LATER}")

        code, output = doctor()

    assert code == 1
    assert re.search(rf"{column} lies in the future, or further .* in \d+ row.*2099-01-01 00:00 UTC", output)


def test_d43_a_row_that_is_ahead_as_far_as_it_may_be_is_no_problem(site):
    now = timezone.now()
    Session.objects.update(expires_at=now + timedelta(days=14))
    Membership.objects.filter(status="invited").update(expires_at=now + timedelta(days=7))
    ApiToken.objects.update(expires_at=now + timedelta(days=700))
    User.objects.update(date_joined=now + timedelta(minutes=4))

    assert doctor()[0] == 0


def test_tokens_whose_maker_is_gone_are_noted(site):
    token = OrganizationToken.objects.get()
    OrganizationToken.objects.update(created_by_id=10**9, created_by="gone")

    code, output = doctor()

    assert code == 0
    assert f"fort: the account of gone, who made {token}, is gone" in output


def test_messages_that_were_given_up_are_noted(site):
    OutboxMessage.objects.filter(sent_at=None).update(
        expires_at=timezone.now(), sealed="", last_error="SMTPRecipientsRefused"
    )

    code, output = doctor()

    assert code == 0
    assert re.search(r"given up in the last days: 2 rows \(\d+, \d+\), SMTPRecipientsRefused", output)


@pytest.mark.parametrize(("days", "code"), [(None, 1), (91, 1), (89, 0)])
def test_sf11_a_stored_retention_is_noted_that_differs_and_a_shorter_one_is_wrong(site, settings, days, code):
    settings.AUDIT_RETENTION_DAYS = days

    assert doctor()[0] == code
    said = f"for {days} days" if days else "for ever"
    assert f"events are kept for 90 days, and AUDIT_RETENTION_DAYS says {said}" in doctor()[1]


def test_every_check_names_something_here():
    """A check that no test sees fail may never fail."""
    tried = {title for _statements, title, _words in TAMPERED.values()}

    elsewhere = {"no times from the future", "audit events are protected", "methods", "tidying"}
    assert set(checks) - tried == elsewhere


# ---------------------------------------------------------------- checks that fail


def test_sf13_a_check_that_fails_is_a_problem_and_the_others_go_on(site, monkeypatch):
    def fails():
        yield "the first finding"
        raise ValueError("a secret value")

    monkeypatch.setitem(checks, "migrations", Check(fails))

    code, output = doctor()

    assert code == 1
    assert (
        "WRONG: migrations\n  the first finding\n  this could not be checked to the end: ValueError" in output
    )
    assert "a secret value" not in output
    assert output.count("ok: ") == len(checks) - 1


def test_sf13_a_table_that_is_missing_is_named_and_the_others_go_on(site):
    with behind_the_back() as cursor:
        cursor.execute("ALTER TABLE accounts_session RENAME TO somewhere_else")

        code, output = doctor()

    assert code == 1
    assert re.search(r"WRONG: sessions and tokens\n  this could .*(no such table|does not exist)", output)
    assert "Traceback" not in output
    assert "ok: counts" in output


def test_sf13_a_repair_that_fails_is_said(site, monkeypatch):
    def fails():
        raise ValueError("a secret value")

    monkeypatch.setitem(checks, "counts", Check(list, repair=fails))

    assert "not corrected: counts: ValueError (" in doctor("--reconcile")[1]


def test_sf13_without_a_database_there_is_one_sentence_and_no_traceback(tmp_path):
    gone = "postgres://nobody@127.0.0.1:9/none" if POSTGRESQL else f"sqlite:///{tmp_path}"
    variables = environment.environment | {"DATABASE_URL": gone}
    run = subprocess.run(
        [sys.executable, str(environment.ROOT / "manage.py"), "doctor"],
        env=variables, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert re.search(r"The database does not answer \(.+\), so nothing was checked\.", run.stderr)


def test_sf13_an_empty_database_is_wrong_without_a_traceback(tmp_path):
    variables = environment.environment | {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.sqlite3'}"}
    run = subprocess.run(
        [sys.executable, str(environment.ROOT / "manage.py"), "doctor"],
        env=variables, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert run.returncode == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert "the migration accounts 0001_initial is not applied: run migrate" in run.stdout


def test_sf13_a_site_whose_last_superuser_is_gone_says_so(site):
    assert "superuser" not in doctor()[1]

    User.objects.filter(is_superuser=True).update(is_active=False)

    code, output = doctor()
    assert code == 0
    assert "there is no active superuser" in output


def test_sf13_a_superuser_whom_no_mail_reaches_is_noted(site):
    User.objects.filter(username="mia").update(is_superuser=True, is_staff=True, email_confirmed_at=None)

    assert "mia: is a superuser without a confirmed address, and gets no mail about changes" in doctor()[1]
