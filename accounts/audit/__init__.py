"""Who acts, from where, and what happened."""

from accounts.audit.actor import BACKGROUND, Actor, strip_control_characters, subject_of
from accounts.audit.events import Event, record

__all__ = [
    "BACKGROUND",
    "Actor",
    "Event",
    "record",
    "strip_control_characters",
    "subject_of",
]
