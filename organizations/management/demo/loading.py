"""Load the demo into an empty database, and leave it as a site is after three months."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Case, F, Value, When
from django.utils import timezone

from accounts.models import ApiToken, RateLimit, RememberedBrowser, Session, User
from accounts.outbox import delivery
from accounts.sessions.store import SessionStore
from organizations.management.demo import devices
from organizations.management.demo.names import COLLEAGUES
from organizations.management.demo.past import telling
from organizations.management.demo.people import LAPTOP, PHONE, WORKSTATION
from organizations.management.demo.story import LAST, Story
from organizations.models import OrganizationToken

# How long ago alice used her browsers.
LAST_USED = {LAPTOP: timedelta(minutes=24), WORKSTATION: timedelta(hours=19), PHONE: timedelta(hours=3)}


def tidy() -> None:
    """Leave what a site has after three months: no counters of days ago, and nothing that is over."""
    now = timezone.now()
    RateLimit.objects.all().delete()
    SessionStore.clear_expired()
    RememberedBrowser.objects.filter(expires_at__lt=now).delete()
    devices.put_away()
    note_use(now)


def note_use(now: datetime) -> None:
    """Say when sessions and tokens were last used, as requests do that the story leaves out."""
    hours = Case(
        *(When(user_agent=browser.user_agent, then=Value(now - ago)) for browser, ago in LAST_USED.items()),
        default=F("last_used_at"),
    )
    Session.objects.filter(user__username="alice").update(last_used_at=hours)
    ApiToken.objects.filter(description="CI (nightly)").update(last_used_at=now - timedelta(minutes=52))
    ApiToken.objects.filter(description="terraform login").update(last_used_at=now - timedelta(days=3))
    OrganizationToken.objects.filter(kind=OrganizationToken.Kind.OWNERS).update(
        last_used_at=now - timedelta(hours=31)
    )


@contextmanager
def without_waiting_for_the_disk() -> Iterator[None]:
    """SQLite waits at each commit until a disk has it. A demo that a power failure ruins is loaded anew."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous = OFF")
        yield
        cursor.execute("PRAGMA synchronous = FULL")


def load() -> None:
    """Load the demo into an empty database, and send the mails of its last day. Takes seconds."""
    with without_waiting_for_the_disk():
        with telling() as clock:
            Story(clock).tell()
        tidy()
        delivery.send_due()


def is_complete() -> bool:
    """Return whether all have come. People who try the demo may have deleted some."""
    return bool(User.objects.filter(username=LAST).exists() or User.objects.count() > len(COLLEAGUES))
