"""How far a roll-out has come: how many members have what is demanded, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from accounts.database.batches import delete_in_batches
from accounts.models import ANY_METHOD
from organizations.models import Organization, OrganizationDay
from organizations.policy.reminders import demanded_level

DAYS_SHOWN = 28
KEEP_DAYS = timedelta(days=400)


@dataclass(frozen=True)
class Point:
    """How many members there were at the end of a day (UTC), and how many had what is demanded."""

    day: date
    members: int
    ready: int


@dataclass(frozen=True)
class Progress:
    """How many members have what is demanded now, since last Monday, and in the days before.

    `since_monday` is None where nothing is known of the time before. `points` begin at the first known day.
    """

    level: int
    members: int
    ready: int
    since_monday: int | None
    points: Sequence[Point]

    @property
    def missing(self) -> int:
        return self.members - self.ready

    @property
    def app_only(self) -> bool:
        return self.level > ANY_METHOD

    @property
    def first(self) -> Point:
        return self.points[0]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def newest_first(self) -> list[Point]:
        return list(reversed(self.points))


def progress_of(organization: Organization) -> Progress:
    """Return the progress of an organization towards what is demanded of its members."""
    level, counts, today = demanded_level(organization), organization.counts, timezone.now().date()
    monday = today - timedelta(days=today.weekday())
    first = today - timedelta(days=DAYS_SHOWN - 1)
    # One a day at most: the newest so many are those of the days shown, and what held before them.
    rows = list(organization.days.filter(day__lte=today).order_by("-day")[: DAYS_SHOWN + 1])
    known = next((point_of(row, level) for row in rows if row.day < first), None)
    days = {row.day: point_of(row, level) for row in rows}
    points: list[Point] = []
    at_monday: Point | None = None
    for number in range(DAYS_SHOWN):
        day = first + timedelta(days=number)
        if day == monday:
            at_monday = known
        known = days.get(day, known)
        if known is not None:
            points.append(Point(day, known.members, known.ready))
    ready = counts.members - counts.below(level)
    return Progress(
        level=level,
        members=counts.members,
        ready=ready,
        since_monday=ready - at_monday.ready if at_monday else None,
        points=points,
    )


def point_of(row: OrganizationDay, level: int) -> Point:
    return Point(row.day, row.members, row.members - row.below(level))


def delete_old_days() -> int:
    """Delete the counts of days that no page shows any more; return how many."""
    old = OrganizationDay.objects.filter(day__lt=timezone.now().date() - KEEP_DAYS)
    return delete_in_batches(old, by="day")
