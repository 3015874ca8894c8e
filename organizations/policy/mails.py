"""Mail what an organization requires, and from which date, to owners and to those whom it concerns."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts import outbox
from accounts.models import ANY_METHOD
from organizations.access.gate import enrolment_path
from organizations.models import Organization
from organizations.news import MEMBERS_CONCERNED, MEMBERS_LOCKED_OUT, OWNERS, key_of_date, key_of_level


def tell_required(organization: Organization) -> None:
    """Mail all owners and all members who are locked out: at most two rows for any number of people."""
    name, key = organization.name, str(organization.pk)
    if not organization.is_mandatory:
        outbox.broadcast("organization_lifted_two_factor", audience=OWNERS, key=key, organization_name=name)
        return
    app_only = organization.required_level > ANY_METHOD
    context: dict[str, Any] = {"organization_name": name, "app_only": app_only}
    outbox.broadcast("organization_requires_two_factor_owners", audience=OWNERS, key=key, **context)
    outbox.broadcast(
        "organization_requires_two_factor",
        audience=MEMBERS_LOCKED_OUT,
        key=key,
        enrol_url=settings.SITE_URL + enrolment_path(reverse("organizations:detail", args=[name])),
        **context,
    )


def announce_date(organization: Organization, *, is_new: bool) -> None:
    """Mail the date to all owners, and to all members who have not set up what it requires."""
    at, level = organization.required_from, organization.scheduled_level
    if at is None or level is None:
        return
    context: dict[str, Any] = {
        "organization_name": organization.name,
        "date": at.isoformat(),
        "level": level,
        "app_only": level > ANY_METHOD,
        "is_new": is_new,
    }
    outbox.broadcast(
        "organization_two_factor_date_owners", audience=OWNERS, key=str(organization.pk), **context
    )
    outbox.broadcast(
        "organization_two_factor_date",
        audience=MEMBERS_CONCERNED,
        key=key_of_date(organization),
        counted_by=key_of_level(organization, level),  # another date is not another kind of mail
        enrol_url=settings.SITE_URL
        + enrolment_path(reverse("organizations:detail", args=[organization.name])),
        **context,
    )


def tell_withdrawn(organization: Organization, at: datetime, level: int, audience: str, key: str) -> None:
    """Mail that this level is not required from this date."""
    outbox.broadcast(
        "organization_two_factor_withdrawn",
        audience=audience,
        key=key,
        organization_name=organization.name,
        date=at.isoformat(),
        app_only=level > ANY_METHOD,
    )
