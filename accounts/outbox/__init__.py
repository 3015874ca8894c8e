"""Mails and texts on their way."""

from accounts.outbox.delivery import audience
from accounts.outbox.notifications import (
    broadcast,
    enqueue_message,
    left_for_later,
    notify,
    notify_address,
)

__all__ = [
    "audience",
    "broadcast",
    "enqueue_message",
    "left_for_later",
    "notify",
    "notify_address",
]
