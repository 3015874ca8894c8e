"""Queue mails and texts, and send them."""

from accounts.outbox.mails import circumstances
from accounts.outbox.notifications import (
    broadcast,
    enqueue_message,
    left_for_later,
    notify,
    notify_address,
    notify_all,
)

__all__ = [
    "broadcast",
    "circumstances",
    "enqueue_message",
    "left_for_later",
    "notify",
    "notify_address",
    "notify_all",
]
