"""Who acts, from where, and what happened."""

from accounts.audit.actor import Actor, strip_control_characters, subject_of
from accounts.audit.events import Event, record

__all__ = [
    "Actor",
    "Event",
    "record",
    "strip_control_characters",
    "subject_of",
]
