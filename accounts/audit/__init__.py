"""Who acts, from where, and what happened."""

from accounts.audit.actor import Actor, name_of, printable
from accounts.audit.events import record

__all__ = [
    "Actor",
    "name_of",
    "printable",
    "record",
]
