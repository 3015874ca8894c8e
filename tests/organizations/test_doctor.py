"""`manage.py doctor`: says what is wrong, mends counts and nothing else."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.audit import Actor, append_only
from accounts.factors.backup_codes.models import BackupCodeSet
from accounts.factors.totp.models import TOTPDevice
from accounts.models import OutboxMessage, User
from accounts.two_factor.removal import disable
from organizations.models import Membership, Organization, OrganizationCounts


def doctor(*options):
    """(exit code, what it printed)"""
    output = io.StringIO()
    try:
        call_command("doctor", *options, stdout=output)
    except SystemExit as end:
        return end.code, output.getvalue()
    return 0, output.getvalue()


def test_a_healthy_site_is_called_healthy(stage):
    code, output = doctor()

    assert code == 0
    assert "WRONG" not in output
    assert output.count("ok: ") == 13


def test_an_owner_of_a_mandatory_organization_without_two_factor(stage):
    TOTPDevice.objects.filter(user=stage.oscar).delete()
    User.objects.filter(pk=stage.oscar.pk).update(two_factor_enabled_at=None)

    code, output = doctor()

    assert code == 1
    assert "fort: its owner oscar has no two-factor authentication" in output
    assert "fort: oscar is mirrored as two_factor_enabled=True" in output


def test_an_owner_reset_by_break_glass_is_no_problem(stage):
    disable(stage.oscar, actor=Actor.command(), reason="lost", forced=True)

    assert doctor()[0] == 0


@pytest.mark.parametrize("confirmed", [True, False])
def test_two_factor_that_the_devices_deny(stage, confirmed):
    device = TOTPDevice.objects.get(user=stage.max)
    if confirmed:
        User.objects.filter(pk=stage.max.pk).update(two_factor_enabled_at=None)
    else:
        device.delete()

    code, output = doctor()

    assert code == 1
    assert f"max: two-factor is {'off' if confirmed else 'on'}, and there is" in output


def test_two_factor_without_backup_codes(stage):
    BackupCodeSet.objects.filter(user=stage.max).delete()

    assert "max: two-factor is on without exactly one set of backup-codes" in doctor()[1]


def test_a_missing_key(stage, settings):
    settings.ENCRYPTION_KEYS = ["another-key-than-the-one-that-was-lost-0123456789"]

    code, output = doctor()

    assert code == 1
    assert "no entry of ENCRYPTION_KEYS opens 5 of 5" in output


def test_mails_that_do_not_leave(stage):
    OutboxMessage.objects.create(
        sealed="",
        created_at=timezone.now() - timedelta(hours=1),
        expires_at=timezone.now() + timedelta(days=1),
    )

    code, output = doctor()

    assert code == 1
    assert "1 mails have not left" in output


def test_an_organization_without_an_owner(stage):
    Membership.objects.filter(organization__name="open").update(is_owner=False)

    assert "open has no owner" in doctor()[1]


def test_wrong_counts_are_reported_and_corrected_on_request_only(stage):
    fort = Organization.objects.get(name="fort")
    OrganizationCounts.objects.filter(organization=fort).update(members=99, members_without_two_factor=7)

    assert doctor()[0] == 1
    assert doctor()[0] == 1
    code, output = doctor("--reconcile")

    assert code == 0
    assert "corrected: counts: 1" in output
    counts = OrganizationCounts.objects.get(organization=fort)
    assert (counts.members, counts.members_without_two_factor, counts.invited) == (4, 1, 0)


def test_missing_counts_are_made(stage):
    OrganizationCounts.objects.filter(organization__name="fort").delete()

    assert doctor()[0] == 1
    assert doctor("--reconcile")[0] == 0


def test_reconciling_mends_nothing_that_needs_a_decision(stage):
    Membership.objects.filter(user=stage.mia).update(two_factor_enabled=True)

    code, output = doctor("--reconcile")

    assert code == 1
    assert "mia is mirrored as two_factor_enabled=True" in output


APPS = "factor_totp_totpdevice"
FUTURE = "2999-01-01 00:00:00+00"
# What somebody did to the database, past the application, and what the doctor says to it.
DAMAGE = {
    "a backup code is gone": (
        "DELETE FROM factor_backup_codes_backupcode WHERE position = 3",
        "max: the set of backup codes has 9 codes instead of 10",
    ),
    "all codes of a set are gone": (
        "DELETE FROM factor_backup_codes_backupcode",
        "max: the set of backup codes has 0 codes instead of 10",
    ),
    "a secret was wiped": (
        "UPDATE factor_totp_totpdevice SET sealed_secret = ''",
        "TOTPDevice.sealed_secret: no entry of ENCRYPTION_KEYS opens",
    ),
    "a secret was copied to another user": (
        f"UPDATE {APPS} SET sealed_secret = (SELECT min(sealed_secret) FROM {APPS})",
        "TOTPDevice.sealed_secret: no entry of ENCRYPTION_KEYS opens",
    ),
    "a digest is of another code": (
        "UPDATE factor_backup_codes_backupcode SET digest = position || 'x'",
        "BackupCode.sealed_code: no entry of ENCRYPTION_KEYS opens",
    ),
    "two-factor was switched off by hand": (
        "UPDATE accounts_user SET two_factor_enabled_at = NULL WHERE username = 'max'",
        "max: two-factor is off, and there is a confirmed device",
    ),
    "two-factor was switched on by hand": (
        "UPDATE accounts_user SET two_factor_enabled_at = '2020-01-01 00:00:00+00' WHERE username = 'mia'",
        "mia: two-factor is on, and there is no confirmed device",
    ),
    "a user is of the future": (
        f"UPDATE accounts_user SET date_joined = '{FUTURE}' WHERE username = 'mia'",
        "accounts.User: 1 rows have a date_joined of the future",
    ),
    "counts are gone": (
        "DELETE FROM organizations_organizationcounts",
        "fort: the counts of its members are wrong",
    ),
    "counts are wrong": (
        "UPDATE organizations_organizationcounts SET members = 7",
        "open: the counts of its",
    ),
    "an organization lost its owners": (
        "UPDATE organizations_membership SET is_owner = false",
        "fort has no owner",
    ),
    "all owners are deactivated": (
        "UPDATE accounts_user SET is_active = false",
        "fort has no owner whose account is active",
    ),
    "a membership has another name": (
        "UPDATE organizations_membership SET username = 'eve' WHERE username = 'max'",
        "is called max now",
    ),
    "a migration is missing": (
        "DELETE FROM django_migrations WHERE app = 'organizations' AND name LIKE '0003%'",
        "has not been applied",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_sf13_what_was_changed_behind_its_back_is_named(stage, damage):
    statement, named = DAMAGE[damage]
    kept = list(MigrationRecorder.Migration.objects.values("app", "name"))
    assert doctor()[0] == 0
    with connection.cursor() as cursor:
        cursor.execute(statement)

    code, output = doctor()

    assert code == 1
    assert named in output
    known = {(row["app"], row["name"]) for row in MigrationRecorder.Migration.objects.values("app", "name")}
    for row in kept:
        if (row["app"], row["name"]) not in known:
            MigrationRecorder(connection).record_applied(**row)


def test_sf11_a_missing_trigger_is_named_and_so_is_what_it_lets_through(stage):
    for name in append_only.triggers_of(connection):
        with connection.cursor() as cursor:
            on = " ON accounts_auditevent" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {name}{on}")

    code, output = doctor()

    assert code == 1
    assert output.count("is missing: `manage.py migrate` creates it again") == len(
        append_only.triggers_of(connection)
    )
    assert "an audit event can be changed" in output
    append_only.create_missing(connection)


def test_sf13_a_check_that_fails_is_named_and_the_others_go_on(stage):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_outboxmessage RENAME TO away")
    try:
        code, output = doctor()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO accounts_outboxmessage")

    assert code == 1
    assert "WRONG: mails\n  this could not be checked: " in output
    assert "ok: counts" in output
    assert "Traceback" not in output
