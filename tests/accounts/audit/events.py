"""Events of any age."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from tests.support import environment

SERVER = Actor.command()
POSTGRESQL = environment.KIND == "postgresql"


def write_events(*ages):
    """Write one event of each of these ages in days, as if it had been recorded then."""
    now = timezone.now()
    rows = [
        AuditEvent(
            event="login.succeeded", actor="user:old", door="html", created_at=now - timedelta(days=age)
        )
        for age in ages
    ]
    return AuditEvent.objects.bulk_create(rows)


def ages():
    now = timezone.now()
    rows = AuditEvent.objects.filter(actor="user:old").order_by("pk")
    return [(now - event.created_at).days for event in rows]


def execute(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
