"""Count events for the page of metrics, once they are committed."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Max
from prometheus_client.core import GaugeMetricFamily, Metric

from accounts.database import clock
from accounts.exceptions import DecryptionFailed, MethodPaused, MethodSetAside, RateLimited
from accounts.metrics import Tally
from accounts.models import AuditEvent
from accounts.models.methods import PASSWORD

EVENT_NAMES = "events"  # of all applications (accounts/audit/events.py)
METHODS = "methods"  # of all proofs (accounts/factors/methods.py)
PURPOSES = ("login", "sudo", "enrolment")
DEVICE, GUESSES = "device", "guesses"
WRONG, REPEATED = "wrong", "repeated"
REASONS: dict[type[Exception], str] = {
    RateLimited: "limited",
    MethodPaused: "paused",
    MethodSetAside: "set_aside",
    DecryptionFailed: "unreadable",
}

EVENTS = Tally("audit_events", "Audit events that were committed.", event=EVENT_NAMES)
LOGINS = Tally("logins", "Complete logins.", method=METHODS)
CHALLENGES = Tally("challenges", "Codes that were asked for.", method=METHODS, purpose=PURPOSES)
FAILURES = Tally(
    "failures", "Proofs that were refused.", method=METHODS, reason=(WRONG, REPEATED, *REASONS.values())
)
LOCKOUTS = Tally(
    "lockouts",
    "Devices that 100 wrong codes took out of use, and attempts that an account's used-up guesses refused.",
    kind=(DEVICE, GUESSES),
)

COUNTED_EXACTLY = 100_000  # rows; beyond, the database's own estimate will do


def count(event: AuditEvent) -> None:
    """Count an event that is committed."""
    EVENTS.count(event.event)
    method = event.data.get("method", "")
    if event.event == "login.succeeded":
        LOGINS.count(method)
    elif event.event in ("login.failed", "password.failed"):
        FAILURES.count(PASSWORD, WRONG)
    elif event.event == "two_factor.failed":
        FAILURES.count(method, WRONG)
    elif event.event == "two_factor.challenged":
        CHALLENGES.count(method, event.data.get("purpose", ""))
    elif event.event == "two_factor.set_aside":
        LOCKOUTS.count(DEVICE)


@contextmanager
def refusals_counted(method: str) -> Iterator[None]:
    """Count why the block refuses a proof by this method, or to ask for one."""
    try:
        yield
    except tuple(REASONS) as error:
        FAILURES.count(method, next(why for kind, why in REASONS.items() if isinstance(error, kind)))
        raise


def figures() -> Iterator[Metric]:
    """Yield how many audit events there are, the newest, and how far the database's clock is from ours."""
    newest = AuditEvent.objects.aggregate(newest=Max("pk"))["newest"]
    yield GaugeMetricFamily(
        "tfc_auth_audit_rows", "Audit events that are stored; above 100,000 an estimate.", value=rows()
    )
    yield GaugeMetricFamily("tfc_auth_audit_newest_id", "The newest audit event.", value=newest or 0)
    yield GaugeMetricFamily(
        "tfc_auth_clock_ahead_seconds",
        "How far this machine is ahead of the database.",
        value=clock.seconds_ahead(),
    )


def rows() -> int:
    """Return the number of events. On PostgreSQL many are estimated: to count millions takes seconds."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            table = AuditEvent._meta.db_table
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
            estimate = int(cursor.fetchone()[0])
        if estimate > COUNTED_EXACTLY:
            return estimate
    return AuditEvent.objects.count()
