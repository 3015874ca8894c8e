"""Encryption keys: missing, wrong, old and new, and rotated while the site runs (F20)."""

import io
import logging
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from accounts import crypto
from accounts.audit import Actor, Event
from accounts.crypto import rotation, seal
from accounts.crypto.columns import BATCH, sealed_columns
from accounts.crypto.rotation import rotate_column, write
from accounts.exceptions import DecryptionFailed
from accounts.factors.backup_codes.models import BackupCode
from accounts.factors.sms.factor import number_digest, number_of
from accounts.factors.sms.models import SMSDevice
from accounts.factors.totp import factor as totp
from accounts.factors.totp.models import TOTPDevice
from accounts.management.commands import rotate_encryption_keys
from accounts.models import AuditEvent, OutboxMessage, Session
from accounts.outbox import delivery, notifications
from accounts.outbox.mails import Mail
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support import environment
from tests.support.factor_answers import all_factors, enrol_device, verify
from tests.support.lines import lines_in
from tests.support.mails import link_in
from tests.support.people import PASSWORD, enrol, make_user
from tests.support.two_factor import CHALLENGE, RECOVERY, answer, is_signed_in, pending, recover
from tests.support.waiting import wait_until

OLD = environment.environment["ENCRYPTION_KEYS"]
NEW = "the-new-key-for-tests-and-for-nothing-but-tests-0123456789"
WRONG = "a-key-that-never-sealed-anything-in-these-tests-0123456789"
MANY = 3000


def rotate(*options):
    """(what it printed, what it complained about)"""
    output = io.StringIO()
    try:
        call_command("rotate_encryption_keys", *options, stdout=output)
    except CommandError as error:
        return output.getvalue(), str(error)
    return output.getvalue(), ""


def doctor():
    """(exit code, what it printed)"""
    output = io.StringIO()
    try:
        call_command("doctor", stdout=output)
    except SystemExit as end:
        return end.code, output.getvalue()
    return 0, output.getvalue()


@pytest.fixture
def keys(settings):
    """Put these keys into force: keys(NEW, OLD)."""

    def put(*keys):
        settings.ENCRYPTION_KEYS = list(keys)

    put(OLD)
    return put


@pytest.fixture
def sealed_by_old(keys, alice):
    """alice with a device of every factor, and a mail and a text on their way."""
    with transaction.atomic():
        asked = {factor.slug: enrol_device(factor, alice)[1] for factor in all_factors()}
    OutboxMessage.objects.all().delete()
    notifications.enqueue(Mail(subject="s", text="t", html="h", address="a@example.com"))
    return asked


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


# ---------------------------------------------------------------- people, meanwhile


def is_let_in(user, code, page=CHALLENGE):
    """Whether somebody with the password and this code gets in."""
    client = pending(user)
    answer(client, code, page)
    return is_signed_in(client, user)


def test_f20_under_a_wrong_key_nobody_passes_and_the_alarm_is_raised(keys, alice, caplog):
    app = enrol(alice)
    sam = make_user("sam")
    enrol_phone(sam)
    code = app.fresh_code()
    keys(WRONG)

    def alarms():
        return sum(record.levelno == logging.CRITICAL for record in caplog.records)

    by_app = pending(alice)
    refused = answer(by_app, code)
    raised = [alarms()]
    by_paper = pending(alice)
    refused_too = recover(by_paper, app.codes[0])
    raised.append(alarms())
    by_phone = pending(sam)
    raised.append(alarms())

    assert (refused.status_code, refused_too.status_code) == (503, 503)
    assert "isn&#x27;t working at the moment" in by_phone.get(CHALLENGE).content.decode()
    assert not any(is_signed_in(client, alice) for client in (by_app, by_paper))
    assert not is_signed_in(by_phone, sam)
    assert 0 < raised[0] < raised[1] < raised[2]
    assert code not in caplog.text
    assert not Session.objects.filter(verified_at__isnull=False, user__username="sam").exclude(factor="sms")
    # Nothing was spent or changed: under the right key all of it goes on.
    keys(OLD)
    assert is_let_in(alice, code)
    assert is_let_in(alice, app.codes[0], RECOVERY)


def many_secrets(user, count):
    """Devices that nobody confirmed, so that a rotation takes a while."""
    TOTPDevice.objects.bulk_create(
        TOTPDevice(user=user, sealed_secret=seal(f"{number:040x}", totp.sealing_context(user.pk)))
        for number in range(count)
    )


def is_new(device):
    with suppress(DecryptionFailed):
        return crypto.unseal(device.sealed_secret, totp.sealing_context(device.user_id)) is not None
    return False


def test_f20_people_keep_logging_in_while_the_keys_are_rotated(keys, alice, bob):
    """Before the first batch, and after each that has renewed something."""
    app = enrol(alice)
    many_secrets(bob, 2 * BATCH)
    codes, seen = iter(app.codes), []

    def people_log_in(progress=None):
        keys(NEW)
        renewed = sum(map(is_new, TOTPDevice.objects.all()))
        keys(NEW, OLD)
        if progress and progress.column == totp.SEALED and seen[-1] == renewed:
            return
        seen.append(renewed)
        assert is_let_in(alice, app.fresh_code())
        if code := next(codes, None):
            assert is_let_in(alice, code, RECOVERY)
            assert not is_let_in(alice, code, RECOVERY)

    keys(NEW, OLD)
    people_log_in()
    outcomes = rotation.rotate(actor=Actor.command(), report=people_log_in)
    keys(NEW)

    assert all(outcome.is_good for outcome in outcomes)
    assert [number for number in seen if 0 < number < 2 * BATCH + 1], "nobody came in the middle"
    assert is_let_in(alice, app.fresh_code())
    assert is_let_in(alice, app.codes[-1], RECOVERY)


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


# ---------------------------------------------------------------- the real thing


def login(site, user, code, page=CHALLENGE):
    """Whether somebody with the password and this code gets in, at a real server."""
    visitor = site.visitor()
    visitor.post_form("/session", username=user.username, password=PASSWORD)
    visitor.post_form(page, "Verify", code=code)
    return visitor.get("/app").status == 200


def start_rotation():
    variables = environment.environment | {
        "DATABASE_URL": environment.test_database_url(),
        "ENCRYPTION_KEYS": f"{NEW},{OLD}",
    }
    command = [sys.executable, str(environment.ROOT / "manage.py"), "rotate_encryption_keys"]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_f20_a_rotation_is_killed_in_the_middle_and_goes_on(start_site, alice, bob, keys):
    app = enrol(alice)
    many_secrets(bob, MANY)
    keys(NEW)  # what this process can open from here on was sealed anew
    site = start_site(ENCRYPTION_KEYS=f"{NEW},{OLD}")
    first = TOTPDevice.objects.filter(confirmed=False).order_by("pk")
    killed = start_rotation()
    wait_until(lambda: is_new(first[0]) or killed.poll() is not None)

    assert login(site, alice, app.codes[2], RECOVERY)
    assert killed.poll() is None, "the login came too late to say anything: MANY is too small"
    killed.kill()
    killed.communicate()

    assert 0 < sum(map(is_new, TOTPDevice.objects.all())) < MANY
    assert AuditEvent.objects.filter(event="encryption_keys.rotation_started").count() == 1
    assert login(site, alice, app.fresh_code())
    assert login(site, alice, app.codes[0], RECOVERY)
    resumed = start_rotation()
    output, log = resumed.communicate(timeout=600)
    assert resumed.returncode == 0
    assert log == ""
    assert "encryption_keys.rotated" in [event["event"] for event in lines_in(output)]
    assert f"sealed_secret: {MANY + 1} values" in output
    assert "Every value is encrypted with the first key." in output
    assert all(map(is_new, TOTPDevice.objects.all()))
    after = start_site(ENCRYPTION_KEYS=NEW)
    assert login(after, alice, app.fresh_code())
    assert login(after, alice, app.codes[1], RECOVERY)
    assert not login(after, alice, app.codes[2], RECOVERY)
