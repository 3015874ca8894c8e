"""Export the audit trail of an organization: recorded first, then streamed."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.limits import Budget, Told
from accounts.sessions.locks import acting
from accounts.web.downloads import csv_lines
from organizations.access.rights import lock_with_right
from organizations.events import Event, record
from organizations.models import Organization
from organizations.trail.entries import TrailEntry
from organizations.trail.reading import Filters, Trail, trail_of

EXPORTS = Budget(
    "organization:audit-trail",
    (20, 3600),
    (100, 86_400),
    told=Told(
        gettext_lazy("You have exported the audit trail too often."),
        gettext_lazy("You can still read it on this page. Another owner can export it at once."),
    ),
)


class Format(models.TextChoices):
    CSV = "csv"
    JSON = "json"


def export(organization: Organization, filters: Filters, form: Format, *, actor: Actor) -> Iterator[str]:
    """Record an export, and return the lines of the file, which are read while they are sent. Oldest first.

    The last event is this export, unless the filters leave it out. Raises RateLimited, NoLongerAllowed,
    OrganizationGone.
    """
    limits.reserve((EXPORTS, f"{organization.pk}:{actor.source}"))
    narrowed: dict[str, Any] = filters.as_text()
    if "kind" in narrowed:
        narrowed["only"] = narrowed.pop("kind")
    with acting(actor):
        organization = lock_with_right(organization, actor)
        record(Event.AUDIT_TRAIL_EXPORTED, organization, actor=actor, format=form.value, **narrowed)
    trail = trail_of(organization, filters)
    if form == Format.JSON:
        head = {"organization": organization.name, "exported_at": timezone.now().isoformat()}
        return json_lines(head | {"exported_by": str(actor), "filters": filters.as_text()}, trail)
    return csv_lines(COLUMNS, (list(row_of(entry).values()) for entry in entries_of(trail)))


COLUMNS = ("time", "who", "what", "details", "to_whom", "address", "browser", "event", "via")


def row_of(entry: TrailEntry) -> dict[str, str]:
    """Return the cells of an event, by the names of COLUMNS. The time is in UTC."""
    return {
        "time": entry.event.created_at.isoformat(),
        "who": entry.who,
        "what": entry.sentence,
        "details": "; ".join(entry.details),
        "to_whom": entry.to_whom,
        "address": entry.ip,
        "browser": entry.browser,
        "event": entry.event.event,
        "via": entry.event.door,
    }


def entries_of(trail: Trail) -> Iterator[TrailEntry]:
    return (TrailEntry.of(event) for event in trail.oldest_first())


def json_lines(head: dict[str, Any], trail: Trail) -> Iterator[str]:
    """Return the lines of one JSON object, whose "events" are last."""
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "events": ['
    between = "\n"
    for entry in entries_of(trail):
        yield between + json.dumps(row_of(entry), ensure_ascii=False)
        between = ",\n"
    yield "\n]}\n"
