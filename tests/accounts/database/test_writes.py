"""Inserts and updates whose SQL is written once leave what Django's own would have left."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.database.writes import insert, update
from accounts.models import AuditEvent, Session

pytestmark = pytest.mark.django_db(transaction=True)


def session_of(user, **fields):
    now = timezone.now().replace(microsecond=0)
    columns = {
        "user": user,
        "security_stamp": user.security_stamp,
        "data": {"next": "/app", "text": "\u2028 %s '", "none": None},
        "created_at": now,
        "last_used_at": now,
        "expires_at": now + timedelta(days=1),
        "ip": "2001:db8::1",
        "user_agent": "Firefox",
    }
    return Session(**columns | fields)


def event_of(user):
    return AuditEvent(
        event="login.ended", actor="html", subject="user:alice", user_id=user.pk, data={"n": [1]}
    )


def columns_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.local_concrete_fields}


@pytest.mark.parametrize("make", [session_of, event_of])
def test_a_row_is_stored_as_django_stores_it(alice, make):
    ours, djangos = make(alice), make(alice)
    if isinstance(djangos, Session):
        ours.key_hash, djangos.key_hash = "a" * 64, "b" * 64

    with CaptureQueriesContext(connection) as queries:
        insert(ours)
    djangos.save()

    assert len(queries) == 1
    assert not ours._state.adding
    stored, other = (columns_of(type(row).objects.get(pk=row.pk)) for row in (ours, djangos))
    assert stored == columns_of(ours)
    differ = {name for name in stored if stored[name] != other[name]}
    assert differ <= {"id", "key_hash", "created_at"}


def test_a_row_is_changed_only_where_all_values_match(alice, bob):
    row = session_of(alice, key_hash="a" * 64)
    insert(row)
    changes = {"user": None, "pending_user": bob, "data": {"method": None}, "ip": None, "user_agent": "%s"}

    assert update(Session, {"id": row.pk, "key_hash": "b" * 64}, changes) == 0
    assert columns_of(Session.objects.get(pk=row.pk)) == columns_of(row)
    assert update(Session, {"id": row.pk, "key_hash": "a" * 64}, changes) == 1

    stored = Session.objects.get(pk=row.pk)
    assert {name: getattr(stored, name) for name in changes} == changes
    assert (stored.key_hash, stored.expires_at) == (row.key_hash, row.expires_at)
