"""Write each audit event as one line of JSON, for systems that watch logs (D41).

A line has names, network addresses and what was changed. It has no secret and no code, which no event has. Of
a telephone number that somebody typed into a reason or a description it has the last two digits.
"""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

from accounts.audit import counts
from accounts.models import AuditEvent

LOGGER = "tfc_auth.audit"
logger = logging.getLogger(LOGGER)

# In international form, or with the 00 that many dial instead, grouped as people write it.
NUMBER = re.compile(r"(?<![\w.+-])(?:\+|00)[1-9](?:[\s().\u00a0/-]{0,2}\d){5,13}(\d\d)(?![\w@])")


def write(event: AuditEvent) -> None:
    """Write the line of an event that is committed, and count it."""
    logger.info(line_of(event))
    counts.count(event)


def line_of(event: AuditEvent) -> str:
    """Return the line: ASCII, without line breaks, whatever the names and values are."""
    return json.dumps(
        {
            "time": event.created_at.isoformat(),
            "logger": LOGGER,
            "id": event.pk,
            "event": event.event,
            "outcome": outcome_of(event.event),
            "actor": event.actor,
            "subject": event.subject,
            "user_id": event.user_id,
            "address": event.ip,
            "user_agent": without_numbers(event.user_agent),
            "door": event.door,
            "request_id": event.request_id,
            "data": without_numbers(event.data),
        }
    )


def lines_after(number: int) -> Iterator[str]:
    """Yield the lines of the events after this one, in the order of their numbers."""
    yield from map(line_of, AuditEvent.objects.filter(pk__gt=number).order_by("pk").iterator())


def outcome_of(name: str) -> str:
    """Return "failure" for what somebody tried in vain, "success" for what was done."""
    return "failure" if name.endswith(".failed") else "success"


def without_numbers(value: Any) -> Any:
    """Return a value of JSON with its telephone numbers masked."""
    if isinstance(value, str):
        return NUMBER.sub(r"••\1", value)
    if isinstance(value, dict):
        return {name: without_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_numbers(inner) for inner in value]
    return value
