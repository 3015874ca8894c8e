"""Require two-factor authentication from a date on: announced, tried at that time, and never by surprise.

The date counts from its moment on (D47), provided that every owner then has what it requires. Otherwise
owners are told, and it is tried again each hour. `run_due_work` writes it down; until then the gates work it
out.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Q
from django.utils import timezone

from accounts import outbox
from accounts.audit import Actor
from accounts.database.timeouts import unhurried
from accounts.models import ANY_METHOD
from accounts.sessions.locks import acting
from organizations import news
from organizations.access.rights import lock_with_right
from organizations.events import Event, record
from organizations.models import Organization
from organizations.news import MEMBERS_WITH_TEXTS, OWNERS
from organizations.policy import mails
from organizations.policy.exceptions import DateOutOfRange, NothingScheduled, RequiredAlready
from organizations.policy.two_factor import (
    BY_DATE,
    SCHEDULE,
    drop_date,
    of_texts,
    owners_below,
    write_due,
)

SOONEST, LATEST = timedelta(days=1), timedelta(days=90)
ROUNDED_UP = timedelta(hours=1)
FURTHEST = LATEST + ROUNDED_UP  # of a stored date: it is a full hour
DAYS_BEFORE = (1, 7)  # of an announcement; ascending: after the one of 1 day there is none of 7
PUT_OFF_AGAIN = timedelta(days=1)  # between two mails that the date is put off


def schedule(
    organization: Organization, at: datetime, *, level: int = ANY_METHOD, actor: Actor
) -> Organization:
    """Require this level from a time on, or change the date; it is announced at once. Equal is not a change.

    The time becomes the full hour that follows it. Raises DateOutOfRange, RequiredAlready, NoLongerAllowed,
    OrganizationGone, RateLimited.
    """
    at = full_hour(at)
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor)
        change_schedule(organization, at, level=level, actor=actor)
    return organization


def change_schedule(organization: Organization, at: datetime, *, level: int, actor: Actor) -> None:
    """Like `schedule`, for a caller who holds the organization's lock. `at` is a full hour."""
    write_due(organization)
    before = organization.required_from, organization.scheduled_level
    if before == (at, level):
        return
    check_date(at)
    if level <= organization.present_level:
        raise RequiredAlready(organization.name)
    organization.required_from = organization.due_at = at
    organization.scheduled_level = level
    organization.schedule_told = nearest(at)
    organization.put_off_told_at = None
    organization.save(update_fields=SCHEDULE)
    record(
        Event.TWO_FACTOR_SCHEDULED,
        organization,
        actor=actor,
        date=at.isoformat(),
        former=before[0].isoformat() if before[0] else "",
        texts=of_texts(level),
    )
    mails.announce_date(organization, is_new=True)
    if before[0] is not None and before[1] is not None and before[1] > level:  # texts are enough now
        mails.tell_withdrawn(organization, before[0], before[1], MEMBERS_WITH_TEXTS, str(organization.pk))


def nearest(at: datetime) -> int | None:
    """Return for which of DAYS_BEFORE it is late enough now; None if the date is further ahead.

    What is announced now is not announced for that number of days once more.
    """
    now = timezone.now() + ROUNDED_UP
    return next((days for days in DAYS_BEFORE if at <= now + timedelta(days=days)), None)


def full_hour(at: datetime) -> datetime:
    """Return the first full hour that is not before this time."""
    whole = at.replace(minute=0, second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(hours=1)


def check_date(at: datetime) -> None:
    """Raise DateOutOfRange unless this full hour is 1 to 90 days ahead."""
    now = timezone.now()
    if not now + SOONEST <= at <= full_hour(now + LATEST):
        raise DateOutOfRange(full_hour(now + SOONEST), full_hour(now + LATEST))


def withdraw(organization: Organization, *, actor: Actor) -> Organization:
    """Withdraw the date; those who heard of it are told. Raises NothingScheduled if it has taken effect.

    Raises NoLongerAllowed, OrganizationGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor)
        change_to_no_date(organization, actor=actor)
    return organization


def change_to_no_date(organization: Organization, *, actor: Actor) -> None:
    """Like `withdraw`, for a caller who holds the organization's lock."""
    if write_due(organization) or organization.required_from is None:
        raise NothingScheduled
    drop_date(organization, actor=actor)


# --- Steps of run_due_work ---


def announce_again() -> int:
    """Announce the dates that are 7 days or 1 day ahead, each once; return how many announcements."""
    now = timezone.now()
    found = set()
    for days in DAYS_BEFORE:
        untold = Q(schedule_told__isnull=True) | Q(schedule_told__gt=days)
        near = Q(due_at__gt=now, due_at__lte=now + timedelta(days=days), required_from=F("due_at"))
        found |= set(ids_of(untold & near))
    return each_locked(found, announce_if_near)


def announce_if_near(organization: Organization) -> bool:
    """Announce the date if it is near and that was not done; return whether it was. It holds the lock."""
    now = timezone.now()
    at, told = organization.required_from, organization.schedule_told
    if at is None or at != organization.due_at or at <= now:
        return False
    days = next((days for days in DAYS_BEFORE if at <= now + timedelta(days=days)), None)
    if days is None or (told is not None and told <= days):
        return False
    organization.schedule_told = days
    organization.save(update_fields=["schedule_told"])
    mails.announce_date(organization, is_new=False)
    return True


def take_effect() -> int:
    """Write down the dates that have come; put off those that an owner does not meet. Return how many."""
    return each_locked(ids_of(Q(due_at__lte=timezone.now())), take_effect_in)


def take_effect_in(organization: Organization) -> bool:
    now = timezone.now()
    if organization.due_at is None or organization.due_at > now or write_due(organization):
        return organization.due_at is None
    level = organization.scheduled_level or ANY_METHOD
    missing = owners_below(organization, level)
    if not put_off(organization, full_hour(now + timedelta(seconds=1))):
        return write_due(organization)  # the last owner has set it up at this moment
    told = organization.put_off_told_at
    if told is None or not timedelta(0) <= now - told < PUT_OFF_AGAIN:
        organization.put_off_told_at = now
        record(Event.TWO_FACTOR_PUT_OFF, organization, actor=BY_DATE, owners=missing.in_words)
        outbox.broadcast(
            "organization_two_factor_put_off",
            audience=OWNERS,
            key=str(organization.pk),
            organization_name=organization.name,
            date=organization.required_from.isoformat() if organization.required_from else "",
            level=level,
            app_only=level > ANY_METHOD,
            owners=missing.in_words,
        )
    organization.save(update_fields=SCHEDULE)
    return True


def put_off(organization: Organization, until: datetime) -> bool:
    """Try again at this time, while an owner does not meet the date; return whether one does not."""
    level = organization.scheduled_level or ANY_METHOD
    missing = organization.memberships.owners().below(level)
    unmet = Organization.objects.filter(Exists(missing), pk=organization.pk)
    if not unmet.update(due_at=until):
        return False
    organization.due_at = until
    return True


def ids_of(condition: Q) -> list[int]:
    with unhurried():
        found = Organization.objects.filter(condition, due_at__isnull=False)
        return list(found.values_list("pk", flat=True))


def each_locked(ids: "set[int] | list[int]", change: Callable[[Organization], bool]) -> int:
    """Do this to each organization that is still there, in a transaction of its own; return to how many."""
    done = 0
    with outbox.left_for_later():
        for pk in sorted(ids):
            with transaction.atomic():
                locked = Organization.objects.select_for_update(no_key=True).filter(pk=pk).first()
                done += locked is not None and change(locked)
    return done
