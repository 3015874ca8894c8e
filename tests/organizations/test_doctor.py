"""`manage.py doctor`: says what is wrong, mends counts and nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import Actor
from accounts.factors.backup_codes.models import BackupCodeSet
from accounts.factors.totp.models import TOTPDevice
from accounts.management.doctor import checks
from accounts.models import OutboxMessage, User
from accounts.two_factor.removal import disable
from organizations.models import Membership, Organization, OrganizationCounts
from tests.support.doctor import doctor


def test_a_healthy_site_is_called_healthy(stage):
    code, output = doctor()

    assert code == 0
    assert "WRONG" not in output
    assert output.count("ok: ") == len(checks)


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
    assert "no entry of ENCRYPTION_KEYS opens it: 5 of 5" in output


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
