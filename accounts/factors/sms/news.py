"""Record that texts are paused or sent again, say so in the log, and tell the superusers.

Call these in the transaction of the change. Neither the log nor the mail names a number.
"""

import logging

from accounts import outbox
from accounts.audit import Actor, record
from accounts.factors.sms.events import TextEvent
from accounts.factors.sms.models import Destination
from accounts.users.news import superusers_now

logger = logging.getLogger(__name__)


def paused(row: Destination, *, actor: Actor, cause: Destination | None = None, reason: str = "") -> None:
    """Tell of a pause that was set by hand, or by the breaker because of the counts of `cause`."""
    if cause is not None:
        reason = f"{cause.used} of {cause.sent} codes for {cause.get_purpose_display()} were used"
        logger.error("Text messages to %s are paused for %s: %s.", place(row), row.purpose, reason)
    record(TextEvent.PAUSED, actor=actor, subject=subject(row), purpose=row.purpose, reason=reason)
    tell("texts_paused", row, actor=actor, reason=reason)


def resumed(row: Destination, *, actor: Actor, reason: str = "") -> None:
    """Tell of the end of a pause: lifted by hand, or by the breaker because codes are used after all."""
    if not reason:
        reason = "one in ten codes was used after all"
        logger.warning("Text messages to %s are sent again for %s: %s.", place(row), row.purpose, reason)
    record(TextEvent.RESUMED, actor=actor, subject=subject(row), purpose=row.purpose, reason=reason)
    tell("texts_resumed", row, actor=actor, reason=reason)


def tell(name: str, row: Destination, *, actor: Actor, reason: str) -> None:
    outbox.notify_all(
        superusers_now(),
        name,
        actor=actor,
        place=row.named_place,
        purpose=str(row.get_purpose_display()),
        reason=reason,
    )


def place(row: Destination) -> str:
    return f"a block of numbers in {row.country}" if row.ending else row.country


def subject(row: Destination) -> str:
    return f"texts:{row.place}"
