"""Mails and texts on their way."""

from accounts.outbox.notifications import (
    broadcast,
    enqueue_message,
    left_for_later,
    notify,
    notify_address,
)

__all__ = [
    "broadcast",
    "enqueue_message",
    "left_for_later",
    "notify",
    "notify_address",
]
