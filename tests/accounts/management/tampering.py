"""What somebody with the database's password could do to it: `doctor` has to name each (test_doctor.py)."""

from tests.support import environment

POSTGRESQL = environment.KIND == "postgresql"

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
    "address-copied-wrongly": (
        [f"UPDATE organizations_membership SET address_key = 'x@example.com' WHERE user_id = {MIA}"],
        "addresses of members",
        "the addresses that owners search are not those of the members",
    ),
    "name-of-organization-copied-wrongly": (
        [f"UPDATE organizations_membership SET organization_key = '' WHERE user_id = {MIA}"],
        "names of organizations",
        "the names by which people's own lists are sorted are not those of the organizations",
    ),
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
    "level-changed": (
        [f"UPDATE accounts_user SET two_factor_level = 1 WHERE id = {MAX}"],
        "levels of two-factor",
        "max: the stored two-factor level is Text messages only, which doesn't match the devices",
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
    "method-garbled": (
        [f"UPDATE accounts_session SET factor = 'App!' WHERE user_id = {MAX}"],
        "methods behind proofs",
        "accounts_session.factor is no method in 1 row",
    ),
    "method-of-a-browser-garbled": (
        ["UPDATE accounts_rememberedbrowser SET method = ' app'"],
        "methods behind proofs",
        "accounts_rememberedbrowser.method is no method in 1 row",
    ),
    "method-of-a-token-garbled": (
        ["UPDATE accounts_apitoken SET method = 'app;'"],
        "methods behind proofs",
        "accounts_apitoken.method is no method in 1 row",
    ),
    "method-taken": (
        [f"UPDATE accounts_session SET factor = '' WHERE user_id = {MAX}"],
        "methods behind proofs",
        "the session counts as verified, and names no second factor: 1 row",
    ),
    "method-given": (
        [f"UPDATE accounts_session SET factor = 'app' WHERE user_id = {MIA}"],
        "methods behind proofs",
        "the session names a second factor, and does not count as verified: 1 row",
    ),
    "remembered-by-the-password": (
        ["UPDATE accounts_rememberedbrowser SET method = 'password'"],
        "methods behind proofs",
        "accounts_rememberedbrowser: the browser was remembered without a second factor: 1 row",
    ),
    "token-verified-by-hand": (
        [f"UPDATE accounts_apitoken SET method = 'password', verified = {TRUE}"],
        "methods behind proofs",
        "accounts_apitoken: .* no second factor made it: 1 row",
    ),
    "organization-token-verified-by-hand": (
        [f"UPDATE organizations_organizationtoken SET method = 'password', verified = {TRUE}"],
        "methods behind proofs",
        "organizations_organizationtoken: .* no second factor made it: 1 row",
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
    "period-missing": (
        [f"DELETE FROM organizations_twofactorperiod WHERE user_id = {MIA}"],
        "periods of two-factor",
        "fort: no period says that mia has level 0 now",
    ),
    "name-wrong": (
        [f"UPDATE organizations_membership SET username = 'mallory' WHERE user_id = {MIA}"],
        "memberships mirror their users",
        "fort: mallory is called mia now",
    ),
    "invitation-tells": (
        [f"UPDATE organizations_membership SET two_factor_enabled = {TRUE} WHERE email = 'new@example.com'"],
        "memberships mirror their users",
        "fort: the invitation of new@example.com tells that it has two-factor",
    ),
    "invitation-in-capitals": (
        ["UPDATE organizations_membership SET email = 'New@example.com' WHERE email = 'new@example.com'"],
        "invitations",
        "the addresses of invitations are not in lower case, so nobody can accept them: 1 row",
    ),
    "invitation-to-nobody": (
        ["UPDATE organizations_membership SET email = 'new' WHERE email = 'new@example.com'"],
        "invitations",
        "invitations are to no address: 1 row",
    ),
    "list-miscounted": (
        ["UPDATE organizations_invitationbatch SET sent = 0, failed = 1"],
        "lists of invitations",
        r"invitation list \d+: its totals don't match its rows",
    ),
    "list-ended-too-early": (
        ["UPDATE organizations_invitationbatchrow SET state = 'waiting'"],
        "lists of invitations",
        r"invitation list \d+ has ended, but people on it are still waiting",
    ),
    "list-of-nothing": (
        [f"UPDATE organizations_invitationbatch SET organization_id = {FORT} + 1000"],
        "references",
        "organizations_invitationbatch.organization_id: what it refers to is gone, in 1 row",
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

# What is in order, and worth a note: the statement, the check, and the note.
NOTED = {
    "owners-deactivated": (
        [f"UPDATE accounts_user SET is_active = {FALSE} WHERE username IN ('olga', 'una')"],
        "every organization has an owner",
        "open has no active owner (olga, una deactivated)",
    ),
    "list-stands-still": (
        [
            (
                "UPDATE organizations_invitationbatch SET state = 'running', finished_at = NULL, "
                f"progressed_at = {LONG_AGO}"
            )
        ],
        "lists of invitations",
        " have waited since ",
    ),
}

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
        "UPDATE organizations_membership SET email = '' WHERE email = 'new@example.com'",
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
