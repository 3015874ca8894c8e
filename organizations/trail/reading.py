"""Find the events of an organization, for its owners: those whose subject it is, and nothing else.

Each way to narrow them has an index of its own (accounts/models/audit.py), which no sign-in writes to.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from accounts.database.reading import read_in_batches
from accounts.database.sorting import along_one_index
from accounts.models import AuditEvent, User, login_key
from accounts.models.audit import CONCERNED, IN_A_TRAIL
from accounts.web.keyset import Order, by_time
from organizations.events import Event, subject_of
from organizations.models import Organization

NEWEST_FIRST = by_time("created_at").reverse
# The clocks of two servers differ by less: what the second one records right after the first one created the
# organization may seem to be earlier.
MARGIN = timedelta(hours=1)


@dataclass(frozen=True)
class Filters:
    """What a trail is narrowed to: a username or an email address, a kind of event, days of the reader."""

    person: str = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None  # this day included

    def as_text(self) -> dict[str, str]:
        """Return those that narrow anything, as they stand in a query."""
        values = {"person": self.person, "kind": self.kind, "since": self.since, "until": self.until}
        return {name: str(value) for name, value in values.items() if value}


@dataclass(frozen=True)
class Trail:
    """The events that were found, as parts that have no event in common, each along an index of its own."""

    parts: list[QuerySet[AuditEvent]]

    def read(self, order: Order, cursor: str, number: int) -> list[AuditEvent]:
        """Return the first events in this order, behind that of the cursor. Raises BadRequest."""
        found: list[AuditEvent] = []
        with along_one_index():
            for part in self.parts:
                found += order.sorted(order.after(part, cursor) if cursor else part)[:number]
        return sorted(found, key=place, reverse=order.descending)[:number]

    def oldest_first(self) -> Iterator[AuditEvent]:
        """Yield all events, however many, some read at a time."""
        return heapq.merge(*(read_in_batches(part, by="created_at") for part in self.parts), key=place)


def place(event: AuditEvent) -> tuple[datetime, int]:
    return event.created_at, event.pk


def trail_of(organization: Organization, filters: Filters) -> Trail:
    """Return the events of this organization that the filters let through."""
    found = events_of(organization)
    if filters.kind:
        found = found.filter(event=filters.kind)
    if filters.since:
        found = found.filter(created_at__gte=begin_of(filters.since))
    if filters.until:
        found = found.filter(created_at__lt=begin_of(filters.until + timedelta(days=1)))
    return Trail(with_person(found, filters.person) if filters.person else [found])


def events_of(organization: Organization) -> QuerySet[AuditEvent]:
    """Return the events of this organization, none of a former one that had its name.

    Events of former releases say the name alone. Their ids tell them apart, which no clock has made: those of
    the former organization come before its deletion.
    """
    named = AuditEvent.objects.filter(IN_A_TRAIL, subject=subject_of(organization))
    deleted = named.filter(event=Event.DELETED).aggregate(last=Max("pk"))["last"] or 0
    return named.filter(
        Q(subject_id=organization.pk) | Q(subject_id=None, pk__gt=deleted),
        created_at__gte=organization.created_at - MARGIN,
    )


def with_person(found: QuerySet[AuditEvent], person: str) -> list[QuerySet[AuditEvent]]:
    """Return what somebody did, and what was done to them.

    A search by name leaves out who declined an invitation to an address, which would say whose address it is,
    and what site admins did, whose names owners are not told.
    """
    concerning = found.alias(concerned=CONCERNED)
    if "@" in person:
        return [concerning.filter(concerned=login_key(person)).exclude(event=Event.UPDATED)]
    user = User.objects.by_login(person).first()
    name = user.username if user else person
    actor, nameless = f"user:{name}", Q(event=Event.INVITATION_DECLINED) & NAMELESS
    return [
        found.filter(actor=actor).exclude(nameless).exclude(door="admin"),
        concerning.filter(concerned=name).exclude(actor=actor).exclude(nameless),
    ]


# Who declined: former releases did not record whether the invitation was to an address.
NAMELESS = Q(data__has_key="email") | Q(subject_id=None)


def begin_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
