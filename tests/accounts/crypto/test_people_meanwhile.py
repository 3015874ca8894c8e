"""People sign in while a key is wrong and while keys are rotated; a rotation that is killed goes on (F20)."""

import logging
import subprocess
import sys
from contextlib import suppress

from accounts import crypto
from accounts.audit import Actor
from accounts.crypto import rotation, seal
from accounts.crypto.columns import BATCH
from accounts.exceptions import DecryptionFailed
from accounts.factors.totp import factor as totp
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, Session
from tests.accounts.crypto.keys import NEW, OLD, WRONG
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support import environment
from tests.support.lines import lines_in
from tests.support.people import PASSWORD, enrol, make_user
from tests.support.two_factor import CHALLENGE, RECOVERY, answer, is_signed_in, pending, recover
from tests.support.waiting import wait_until

MANY = 3000


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
