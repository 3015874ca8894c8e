"""Encryption keys: missing, old and new, and rotated (F20)."""

import io
import threading

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from accounts.audit import Event
from accounts.crypto import seal
from accounts.crypto.columns import sealed_columns
from accounts.crypto.rotation import rotate_column, write
from accounts.factors.backup_codes.models import BackupCode
from accounts.factors.sms.factor import number_digest, number_of
from accounts.factors.sms.models import SMSDevice
from accounts.factors.totp import factor as totp
from accounts.factors.totp.models import TOTPDevice
from accounts.management.commands import rotate_encryption_keys
from accounts.models import AuditEvent
from accounts.outbox import delivery
from tests.accounts.crypto.keys import NEW, OLD, WRONG, doctor, rotate
from tests.support.factor_answers import all_factors, verify
from tests.support.mails import link_in
from tests.support.people import enrol

# ---------------------------------------------------------------- the registry


def test_every_sealed_column_is_registered():
    """What is called sealed_something holds ciphertext, and the rotation must know it."""
    named = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name.startswith("sealed")
    }

    assert {(column.model, column.field) for column in sealed_columns.values()} == named
    assert len(sealed_columns) == len(named) >= 4


# ---------------------------------------------------------------- rotation


def test_dry_run_counts_and_changes_nothing(sealed_by_old, keys):
    keys(NEW, OLD)
    before = list(BackupCode.objects.order_by("pk").values())

    output, complaint = rotate("--dry-run")

    assert "factor_backup_codes.BackupCode.sealed_code: 10 of 10 need an old key" in output
    assert "factor_totp.TOTPDevice.sealed_secret: 1 of 1 need an old key" in output
    assert (list(BackupCode.objects.order_by("pk").values()), complaint) == (before, "")


def test_after_a_rotation_the_old_key_is_not_needed(sealed_by_old, keys, alice, mailoutbox):
    keys(NEW, OLD)
    output, complaint = rotate()
    keys(NEW)

    assert complaint == ""
    assert "Every value is encrypted with the first key." in output
    with transaction.atomic():
        for factor in all_factors():
            answer, state = sealed_by_old[factor.slug]()
            assert verify(factor, alice, answer, state), factor.slug
    phone = SMSDevice.objects.get()
    assert phone.number_digest == number_digest(number_of(phone))
    delivery.send_due()
    assert [mail.to for mail in mailoutbox] == [["a@example.com"]]
    assert doctor()[1].count("need an old key") == 0


def test_codes_that_were_written_down_work_before_and_after(keys, alice):
    app = enrol(alice)
    keys(NEW, OLD)
    by_slug = {factor.slug: factor for factor in all_factors()}

    with transaction.atomic():
        assert verify(by_slug["backup-codes"], alice, app.codes[0], {})
        assert verify(by_slug["app"], alice, app.fresh_code(), {})
    rotate()
    keys(NEW)
    with transaction.atomic():
        assert verify(by_slug["backup-codes"], alice, app.codes[1], {})
        assert verify(by_slug["backup-codes"], alice, app.codes[0], {}) is None
        assert verify(by_slug["app"], alice, app.fresh_code(), {})


def test_rotating_again_finds_nothing_to_do(sealed_by_old, keys):
    keys(NEW, OLD)
    rotate()
    before = list(BackupCode.objects.order_by("pk").values())

    output, _complaint = rotate()

    assert output.count("values, 0 encrypted again") == len(sealed_columns)
    assert list(BackupCode.objects.order_by("pk").values()) == before
    assert AuditEvent.objects.filter(event=Event.KEYS_ROTATED).count() == 1


def test_what_no_key_opens_is_left_and_told(sealed_by_old, keys, alice):
    keys(WRONG)
    lost = TOTPDevice.objects.create(user=alice, sealed_secret=seal("00", totp.sealing_context(alice.pk)))
    keys(NEW, OLD)

    output, complaint = rotate()

    assert complaint.startswith("1 value can't be decrypted")
    assert TOTPDevice.objects.get(pk=lost.pk).sealed_secret == lost.sealed_secret
    assert "factor_totp.TOTPDevice.sealed_secret: 2 values, 1 encrypted again" in output
    assert rotate("--dry-run")[1].startswith("1 value can't be decrypted")


@pytest.mark.parametrize("column", ["sealed_code", "digest"])
def test_what_was_moved_between_rows_is_left_and_told(keys, alice, bob, column):
    enrol(alice), enrol(bob)
    foreign = BackupCode.objects.filter(code_set__user=bob).values_list(column, flat=True)[0]
    code = BackupCode.objects.filter(code_set__user=alice).first()
    BackupCode.objects.filter(pk=code.pk).update(**{column: foreign})
    keys(NEW, OLD)

    _output, complaint = rotate()

    assert complaint.startswith("1 value can't be decrypted")
    code.refresh_from_db()
    assert getattr(code, column) == foreign


def test_what_the_site_wrote_meanwhile_stays(keys, alice):
    keys(NEW, OLD)
    fresh = TOTPDevice.objects.create(user=alice, sealed_secret=seal("11", totp.sealing_context(alice.pk)))

    written = write(totp.SEALED, {fresh.pk: ("what stood there before", {"sealed_secret": "x"})})

    assert written == 0
    assert TOTPDevice.objects.get().sealed_secret == fresh.sealed_secret


def test_a_row_that_somebody_holds_is_not_waited_for(sealed_by_old, keys):
    if connection.vendor == "sqlite":  # has one writer at a time, and no locks of rows
        return
    keys(NEW, OLD)
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            list(TOTPDevice.objects.select_for_update())
            held.set()
            done.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(20)
    try:
        outcome = rotate_column(totp.SEALED, lambda progress: None)
    finally:
        done.set()
        holder.join()

    assert (outcome.last.skipped, outcome.is_good) == (1, False)
    assert rotate()[1] == ""


# ---------------------------------------------------------------- doctor


def test_doctor_tells_what_stands_under_an_old_key_and_is_content(sealed_by_old, keys):
    keys(NEW, OLD)

    output = doctor()[1]

    assert "ok: encryption keys" in output
    assert "BackupCode.sealed_code: 10 of 10 need an old key" in output


def test_doctor_fails_when_a_key_is_missing(sealed_by_old, keys):
    keys(NEW)

    code, output = doctor()

    assert code == 1
    assert "WRONG: encryption keys" in output
    assert "BackupCode.sealed_code: no entry of ENCRYPTION_KEYS opens it: 10 of 10" in output


# ---------------------------------------------------------------- the command, and links


def test_the_command_says_how_far_it_is(sealed_by_old, keys, monkeypatch):
    monkeypatch.setattr(rotate_encryption_keys, "SECONDS_BETWEEN_REPORTS", 0)
    keys(NEW, OLD)

    assert "factor_backup_codes.BackupCode.sealed_code: 10 of 10 ..." in rotate()[0]


def test_the_command_fails_with_a_missing_key(sealed_by_old, keys):
    keys(WRONG)

    with pytest.raises(CommandError, match="can't be decrypted with any of ENCRYPTION_KEYS") as failed:
        call_command("rotate_encryption_keys", stdout=(printed := io.StringIO()))

    assert failed.value.returncode == 1
    assert "Everything stands" not in printed.getvalue()


def test_f20_links_signed_with_the_former_secret_key_work_while_it_is_a_fallback(alice, mailoutbox, settings):
    Client().post("/account/password/forgot", {"email": alice.email})
    link = link_in(mailoutbox[0], "/account/password/reset/")
    settings.SECRET_KEY, former = (
        "the-new-secret-key-for-tests-and-nothing-else-0123456789",
        settings.SECRET_KEY,
    )
    refused, accepted = Client(), Client()
    refused.get(link)
    new = {"new_password": "an entirely different sentence"}

    assert refused.post("/account/password/reset", new).status_code == 422
    settings.SECRET_KEY_FALLBACKS = [former]
    accepted.get(link)
    assert accepted.post("/account/password/reset", new).status_code == 302
