"""Who acts, from where, and what happened."""

from accounts.audit.actor import Actor, name_of, printable
from accounts.audit.events import Event, record

__all__ = [
    "Actor",
    "Event",
    "name_of",
    "printable",
    "record",
]
