"""Queue mails and texts, and send them."""

from accounts.outbox.notifications import broadcast, enqueue_message, left_for_later, notify, notify_address

__all__ = [
    "broadcast",
    "enqueue_message",
    "left_for_later",
    "notify",
    "notify_address",
]
