"""Who acts, from where, and what happened."""

from accounts.audit.actor import BACKGROUND, Actor, strip_control_characters, subject_of
from accounts.audit.events import Event, event_by, record, record_all

__all__ = [
    "BACKGROUND",
    "Actor",
    "Event",
    "event_by",
    "record",
    "record_all",
    "strip_control_characters",
    "subject_of",
]
