"""`doctor` names each row that was deleted or changed behind the product's back (SF13)."""

import re
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from accounts import factors, outbox
from accounts.audit import retention
from accounts.evidence.keys import use_current
from accounts.factors.backup_codes.models import BackupCode
from accounts.factors.sms.models import Destination, Purpose, TextMessage
from accounts.management.doctor import Check, checks
from accounts.models import ApiToken, OutboxMessage, RateLimit, RememberedBrowser, Session, User
from accounts.tokens import issuing
from accounts.users.site_invitations import invite_to_site
from organizations import tokens as organization_tokens
from organizations.members import batch_work, batches, invitations
from organizations.models import Membership, Organization, OrganizationToken
from tests.accounts.management.tampering import BROKEN, LATER, LEFT_OVER, NOTED, POSTGRESQL, TAMPERED
from tests.support import environment
from tests.support.crawler import undone
from tests.support.doctor import doctor
from tests.support.organizations import SERVER, actor_of, make_stage

LIVES_ON = {LogEntry, Group}  # Django's, which the product does not use


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
    batch = batches.start(fort, [(1, "listed@example.com")], key="a" * 32, actor=actor_of(stage.olga))
    batch_work.send_at_once(batch)
    invite_to_site("newer@example.com", actor=SERVER)
    BackupCode.objects.filter(code_set__user=stage.eve, position__lt=3).update(used_at=now)
    RateLimit.objects.get_or_create(key="x:y:300", count=1, resets_at=now + timedelta(minutes=5))
    outbox.notify(stage.max, "account_deactivated", actor=SERVER, reason="x")
    outbox.broadcast("organization_lifted_two_factor", audience="owners", key="0", organization_name="fort")
    newest = OutboxMessage.objects.latest("pk")
    sealed = newest.sealed
    OutboxMessage.objects.exclude(pk=newest.pk).update(sent_at=now, sealed="")
    OutboxMessage.objects.create(sealed=sealed, expires_at=now + timedelta(days=1))
    retention.keep_for(90, actor=SERVER)
    use_current()  # as an export of evidence does


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


def doctor_after(statements):
    """What `doctor` says once the statements have gone past the application: its code and its output."""
    with behind_the_back() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return doctor()


@pytest.mark.parametrize("name", TAMPERED)
def test_sf13_doctor_names_what_was_changed_or_deleted(site, name):
    statements, title, words = TAMPERED[name]

    code, output = doctor_after(statements)

    assert code == 1
    found = output[output.index(f"WRONG: {title}\n") :]
    assert re.search(words, found.split("\nok: ")[0]), output


@pytest.mark.parametrize("name", NOTED)
def test_pf7_doctor_notes_what_administrators_may_have_done(site, name):
    statements, title, words = NOTED[name]

    code, output = doctor_after(statements)

    assert code == 0
    found = output[output.index(f"ok: {title}\n") :]
    assert words in found.split("\nok: ")[0], output


@pytest.mark.parametrize("name", LEFT_OVER)
def test_sf13_doctor_notes_that_nothing_is_deleted_any_more(site, name):
    statements, words = LEFT_OVER[name]

    code, output = doctor_after(statements)

    assert code == 0
    assert re.search(words, output[output.index("ok: tidying\n") :]), output


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


@pytest.mark.parametrize(
    ("model", "column"),
    [(Session, "factor"), (RememberedBrowser, "method"), (ApiToken, "method"), (OrganizationToken, "method")],
)
def test_d45_a_method_that_the_site_has_given_up_is_noted(site, model, column):
    rows = model.objects.filter(verified_at__isnull=False) if model is Session else model.objects
    model.objects.filter(pk=rows.first().pk).update(**{column: "pigeon"})

    code, output = doctor()

    assert code == 0
    assert f"{model._meta.db_table}.{column} is pigeon in 1 row" in output


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
    elsewhere |= {"time limits", "prepared statements"}  # tests/production/test_pgbouncer.py
    elsewhere |= {"standbys"}  # tests/production/test_standby.py
    elsewhere |= {"clock", "settings"}  # test_doctor_providers.py
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
