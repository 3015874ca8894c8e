"""The server is killed in the middle: what was answered holds, what was not is done whole or not at all."""

import http.client
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts import factors
from accounts.factors.backup_codes.models import BackupCode, BackupCodeSet
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, RateLimit, Session, User
from organizations.models import AuthPolicy, Organization
from tests.support import environment
from tests.support.invariants import broken
from tests.support.organizations import found
from tests.support.parallel import (
    CHALLENGE,
    RECOVERY,
    browser,
    is_signed_in,
    pending_login,
    pending_logins,
    post,
    session_cookie,
    sign_in,
    start_enrolment,
    write_down,
)
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_user
from tests.support.servers import exchange, parse_reply
from tests.support.waiting import wait_until

CONFIRM = f"{TWO_FACTOR}/confirm"
DISABLE = f"{TWO_FACTOR}/disable"
ON_POSTGRESQL = environment.KIND == "postgresql"


# ---------------------------------------------------------------- at one chosen write


@contextmanager
def stalled(model):
    """Whoever writes to this table does not get on with it; yields: does somebody?"""
    with stalled_on_postgresql(model) if ON_POSTGRESQL else stalled_on_sqlite(model) as somebody_waits:
        yield somebody_waits


@contextmanager
def stalled_on_postgresql(model):
    table = model._meta.db_table
    with psycopg.connect(environment.test_database_url()) as locker:
        locker.execute(f"LOCK TABLE {table} IN SHARE MODE")  # forbids to write, not to read

        def somebody_waits():
            waiting = "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
            with connection.cursor() as cursor:
                cursor.execute(waiting, [table])
                return cursor.fetchone()[0] > 0

        yield somebody_waits
        locker.rollback()


@contextmanager
def stalled_on_sqlite(model):
    """A trigger that counts to a very large number, in the middle of the transaction."""
    table = model._meta.db_table
    numbers = "(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 2000) SELECT x FROM n)"
    counting = f"SELECT count(*) FROM {numbers} a, {numbers} b, {numbers} c"
    with connection.cursor() as cursor:
        for event in ["INSERT", "UPDATE", "DELETE"]:
            cursor.execute(f"CREATE TRIGGER stall_{event} BEFORE {event} ON {table} BEGIN {counting}; END")

    def somebody_waits():
        return all(is_locked() for _ in range(5))

    def is_locked():
        time.sleep(0.05)
        with closing(sqlite3.connect(environment.test_database_name(), timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            return False

    yield somebody_waits
    with connection.cursor() as cursor:
        for event in ["INSERT", "UPDATE", "DELETE"]:
            cursor.execute(f"DROP TRIGGER stall_{event}")


def kill_at_write_to(model, site, raw):
    """Send a request; end the server at the moment in which it writes to this table; return the answer."""
    answers = []
    with stalled(model) as somebody_waits:
        client = threading.Thread(target=lambda: answers.extend(exchange(site.host, site.port, [raw])))
        client.start()
        wait_until(lambda: somebody_waits() or not client.is_alive(), site.log)
        assert client.is_alive(), answers
        site.kill()
        client.join()
    return answers


def moved(visitor, site):
    """The same browser, before the server that comes after the crash."""
    other = browser(site)
    other.cookies = visitor.cookies
    return other


@dataclass
class Step:
    """Something that a browser is about to do."""

    visitor: Any
    path: str
    fields: dict
    is_done: Any  # () -> bool


def login(site, user):
    app = enrol(user)
    visitor = pending_login(site, user)
    Session.objects.filter(user=user).delete()
    code = app.fresh_code()
    return Step(visitor, CHALLENGE, {"code": code}, Session.objects.filter(user=user).exists)


def recovery(site, user):
    app = enrol(user)
    visitor = pending_login(site, user)
    spent = BackupCode.objects.filter(code_set__user=user, used_at__isnull=False)
    return Step(visitor, RECOVERY, {"code": app.codes[0]}, spent.exists)


def confirm(site, user):
    visitor = sign_in(site, user)
    app = start_enrolment(visitor, user)
    confirmed = TOTPDevice.objects.filter(user=user, confirmed=True)
    return Step(visitor, CONFIRM, {"code": app.code()}, confirmed.exists)


def disable(site, user):
    visitor = sign_in(site, user, enrol(user))
    return Step(
        visitor,
        DISABLE,
        {"password": PASSWORD},
        lambda: not TOTPDevice.objects.filter(user=user).exists(),
    )


def require(site, user):
    visitor = sign_in(site, user, enrol(user))
    found("acme", user)
    mandatory = Organization.objects.filter(collaborator_auth_policy=AuthPolicy.TWO_FACTOR_MANDATORY)
    return Step(visitor, "/app/acme/settings/authentication/require-two-factor", {}, mandatory.exists)


@pytest.mark.parametrize(
    ("operation", "model"),
    [
        pytest.param(login, Session, id="f2-login-before-its-session"),
        pytest.param(recovery, Session, id="f2-recovery-before-its-session"),
        pytest.param(confirm, BackupCode, id="f3-confirm-before-its-codes"),
        pytest.param(disable, BackupCodeSet, id="f1-disable-before-the-codes"),
        pytest.param(require, AuditEvent, id="f1-require-before-its-event"),
    ],
)
def test_f1_f2_f3_killed_in_the_middle_nothing_is_done_and_it_can_be_done_again(
    start_site, alice, operation, model
):
    site = start_site()
    step = operation(site, alice)
    events = AuditEvent.objects.count()

    answers = kill_at_write_to(model, site, write_down(step.visitor, step.path, **step.fields))

    assert answers == [b""]
    assert not step.is_done()
    assert AuditEvent.objects.count() == events
    assert broken() == []
    reply = post(moved(step.visitor, start_site()), step.path, **step.fields)
    assert reply.status in (200, 302), reply.text
    assert step.is_done()
    assert broken() == []


# ---------------------------------------------------------------- at any moment


def volley_until_killed(site, raws, after):
    """Fire, and kill the server when so many answers have come. None for each answer that did not."""
    arrived = threading.Semaphore(0)
    answers = []
    volley = threading.Thread(
        target=lambda: answers.extend(exchange(site.host, site.port, raws, arrived.release))
    )
    volley.start()
    for _ in range(after):
        arrived.acquire()
    site.kill()
    volley.join()
    return [whole(site, answer) for answer in answers]


def whole(site, answer):
    try:
        return parse_reply(site.url, answer)
    except (AssertionError, http.client.HTTPException):
        return None


@pytest.mark.parametrize("answered", [1, 5])
def test_i8_what_was_answered_with_success_holds_after_a_crash(start_site, answered):
    site = start_site()
    people = [make_user(f"user{number}") for number in range(6)]
    users = people[:2]
    codes = [enrol(user).codes for user in users]
    logins = [
        (visitor, code)
        for user, its in zip(users, codes, strict=True)
        for visitor, code in zip(pending_logins(site, user, 5), its, strict=False)
    ]
    enrolling = [(user, sign_in(site, user)) for user in people[2:]]
    apps = [start_enrolment(visitor, user) for user, visitor in enrolling]
    changing = [make_user(f"changing{number}") for number in range(4)]
    RateLimit.objects.all().delete()

    raws = [write_down(visitor, RECOVERY, code=code) for visitor, code in logins]
    raws += [
        write_down(visitor, CONFIRM, code=app.code())
        for (_user, visitor), app in zip(enrolling, apps, strict=True)
    ]
    raws += [
        write_down(
            sign_in(site, user),
            "/app/settings/password",
            password=PASSWORD,
            new_password="another long password",
        )
        for user in changing
    ]
    replies = volley_until_killed(site, raws, answered)

    assert None in replies, "the crash came too late to mean anything"
    assert broken() == []
    again = start_site()
    signed_in = [reply for reply in replies[:10] if reply and reply.location == "/app"]
    assert all(is_signed_in(again, session_cookie(reply)) for reply in signed_in)
    spent = sum(10 - factors.remaining(user) for user in users)
    assert spent == AuditEvent.objects.filter(event="login.succeeded", data__method="backup-codes").count()
    assert spent >= len(signed_in)
    for (user, _visitor), reply in zip(enrolling, replies[10:14], strict=True):
        assert not (reply and reply.status == 200) or User.objects.get(pk=user.pk).is_enrolled
    for user, reply in zip(changing, replies[14:], strict=True):
        changed = User.objects.get(pk=user.pk).check_password("another long password")
        assert not (reply and reply.status == 302) or changed
