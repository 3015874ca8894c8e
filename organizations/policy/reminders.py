"""Remind members to set up two-factor authentication: one of them or all, once in 24 hours each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts import outbox
from accounts.audit import Actor
from accounts.models import ANY_METHOD, Level
from accounts.sessions.locks import acting
from organizations import news
from organizations.access.gate import enrolment_path
from organizations.access.rights import lock_memberships, lock_with_right
from organizations.events import Event, record
from organizations.models import Membership, Organization
from organizations.news import BETWEEN_REMINDERS, MEMBERS_REMINDED, key_of_reminder
from organizations.policy.exceptions import NothingMissing, RemindedAlready


def demanded_level(organization: Organization) -> Level:
    """Return the level that members are reminded of: of the policy, of a date, or of the next policy."""
    required = max(organization.required_level, organization.coming_level)
    return required or Level(organization.accepted_level)


def last_reminded(organization: Organization, membership: Membership) -> datetime | None:
    """Return when this member was last reminded, alone or with all others."""
    with_all = organization.all_reminded_at
    if with_all is not None and membership.joined_at is not None and membership.joined_at > with_all:
        with_all = None
    return max(filter(None, (with_all, membership.reminded_at)), default=None)


def again_at(last: datetime | None, now: datetime) -> datetime | None:
    """Return from when on a reminder is possible; None if now. A time ahead is of a wrong clock (D43)."""
    return last + BETWEEN_REMINDERS if last and last <= now < last + BETWEEN_REMINDERS else None


@dataclass(frozen=True)
class Missing:
    """A member who has not set up what is or would be required, and what was said to them about it.

    `again_at` is None if a reminder is possible now.
    """

    member: Membership
    reminded_at: datetime | None
    again_at: datetime | None
    is_asked: bool  # what is demanded now is more than this member has


def missing_among(organization: Organization, rows: Iterable[Membership]) -> list[Missing]:
    """Return these members with their last reminders. Reads nothing further."""
    level, now, found = demanded_level(organization), timezone.now(), []
    for row in rows:
        last = last_reminded(organization, row)
        found.append(Missing(row, last, again_at(last, now), is_asked=row.level < level))
    return found


def all_again_at(organization: Organization) -> datetime | None:
    """Return from when on all can be reminded again; None if that is now."""
    return again_at(organization.all_reminded_at, timezone.now())


def remind(organization: Organization, membership_id: int, *, actor: Actor) -> Membership:
    """Remind one member who has not set up what is demanded; return the membership.

    Raises NothingMissing, RemindedAlready, MembershipGone, NoLongerAllowed, OrganizationGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor)
        membership, user = lock_memberships(organization, [membership_id])[0]
        if user is None or membership.is_invited or membership.level >= demanded_level(organization):
            raise NothingMissing
        now = timezone.now()
        if possible_at := again_at(last_reminded(organization, membership), now):
            raise RemindedAlready(membership.username, possible_at)
        membership.reminded_at = now
        membership.save(update_fields=["reminded_at"])
        record(Event.MEMBER_REMINDED, organization, actor=actor, user=user)
        outbox.notify(user, "organization_two_factor_reminder", **context_of(organization, actor))
    return membership


def remind_all(organization: Organization, *, actor: Actor) -> int:
    """Remind all members who have not set up what is demanded, but for those of the last 24 hours.

    Returns how many members lack it. Raises NothingMissing, RemindedAlready, NoLongerAllowed,
    OrganizationGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor)
        now = timezone.now()
        missing = organization.counts.below(demanded_level(organization))
        if not missing:
            raise NothingMissing
        if possible_at := again_at(organization.all_reminded_at, now):
            raise RemindedAlready("", possible_at)
        organization.all_reminded_at = now
        organization.save(update_fields=["all_reminded_at"])
        record(Event.MEMBERS_REMINDED, organization, actor=actor, number=missing)
        outbox.broadcast(
            "organization_two_factor_reminder",
            audience=MEMBERS_REMINDED,
            key=key_of_reminder(organization, demanded_level(organization)),
            **context_of(organization, actor),
        )
    return missing


def context_of(organization: Organization, actor: Actor) -> dict[str, Any]:
    """Return what the mail says: who reminds, from when it is required, and whether texts count."""
    at = organization.required_from
    page = reverse("organizations:detail", args=[organization.name])
    return {
        "organization_name": organization.name,
        "owner": actor.user.username if actor.user else "",
        "required_level": int(organization.required_level),
        "date": at.isoformat() if at and at > timezone.now() else "",
        "app_only": demanded_level(organization) > ANY_METHOD,
        "enrol_url": settings.SITE_URL + enrolment_path(page),
    }
