"""Seal, claim, finish, postpone and give up rows of the outbox."""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import crypto
from accounts.crypto.columns import SealedColumn
from accounts.exceptions import DecryptionFailed
from accounts.models import OutboxMessage
from accounts.models.clocks import CLOCK_SKEW
from accounts.models.outbox import WAITS
from accounts.outbox import counts
from accounts.outbox.carriers import Broken, is_refusal

logger = logging.getLogger(__name__)

CLAIM = timedelta(minutes=2)  # longer than one attempt can take
LONGEST_WAIT = timedelta(hours=1)
# Attempts at any message. It would expire before that, unless the clock was ahead when it was written (D43).
MOST_ATTEMPTS = 100
ATTEMPTS_AT_REFUSED = 3  # attempts to send a message that the server refuses
ATTEMPTS_AT_BROKEN = 12  # attempts at a message that can't be rendered or has no carrier: eight hours

SEALING_CONTEXT = "outbox"
SEALED = SealedColumn(OutboxMessage, "sealed", context=lambda message: SEALING_CONTEXT, may_be_empty=True)


def sealed(content: dict[str, Any]) -> str:
    return crypto.seal(json.dumps(content), SEALING_CONTEXT)


def due() -> QuerySet[OutboxMessage]:
    """Return the messages to send now.

    A time that is further ahead than anything sets it was written while the clock was ahead, and holds
    nothing up (D43).
    """
    now = timezone.now()
    return free(now).filter(Q(due_at__lte=now) | Q(due_at__gt=beyond(now)))


def free(now: datetime) -> QuerySet[OutboxMessage]:
    """Return the messages that wait and that no process sends at the moment."""
    return OutboxMessage.objects.filter(
        WAITS,
        Q(claimed_until=None) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + CLAIM + CLOCK_SKEW),
        expires_at__gt=now,
    )


def beyond(now: datetime) -> datetime:
    """Return the time that is further ahead than anything sets `due_at`."""
    return now + LONGEST_WAIT + CLOCK_SKEW


def claimed(message: OutboxMessage) -> QuerySet[OutboxMessage]:
    """Return the row of this message; empty if another process has claimed it since."""
    return OutboxMessage.objects.filter(pk=message.pk, claimed_until=message.claimed_until)


def opened(message: OutboxMessage) -> dict[str, Any]:
    """Return what was sealed. Raises DecryptionFailed, or ValueError for something else than was sealed."""
    content: dict[str, Any] = json.loads(crypto.open_sealed(message.sealed, SEALING_CONTEXT))
    return content


def finish(rows: QuerySet[OutboxMessage]) -> bool:
    return bool(
        rows.update(
            sent_at=timezone.now(),
            sealed="",
            claimed_until=None,
            attempts=F("attempts") + 1,
            last_error="",
        )
    )


def postpone(message: OutboxMessage, error: Exception) -> None:
    """Retry later, or give up. Log only the error's class: its text may contain the address."""
    counts.count(message, outcome_of(error))
    if is_hopeless(message, error):
        give_up(message, error)
        return
    wait = min(timedelta(minutes=2 ** min(message.attempts, 10)), LONGEST_WAIT)
    kind = class_of(error)
    logger.warning("Message %s was not sent: %s", message.pk, kind)
    claimed(message).update(
        attempts=F("attempts") + 1,
        due_at=timezone.now() + wait,
        claimed_until=None,
        last_error=kind[:100],
    )


def outcome_of(error: Exception) -> str:
    if isinstance(error, Broken):
        return counts.BROKEN
    return counts.REFUSED if is_refusal(error) else counts.POSTPONED


def is_hopeless(message: OutboxMessage, error: Exception) -> bool:
    """Return whether to give up: the server refuses it, or it is broken. A missing key may still be added."""
    attempts = message.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        return True
    if isinstance(error, Broken):
        return attempts >= ATTEMPTS_AT_BROKEN and not isinstance(error.__cause__, DecryptionFailed)
    return is_refusal(error) and attempts >= ATTEMPTS_AT_REFUSED


def class_of(error: Exception) -> str:
    """Return the name of the class of an error, or of what broke a message."""
    return type(error.__cause__ if isinstance(error, Broken) else error).__name__


def give_up(message: OutboxMessage, error: Exception) -> None:
    kind = class_of(error)
    logger.warning("Message %s is given up: %s", message.pk, kind)
    counts.count(message, counts.GIVEN_UP)
    claimed(message).update(
        attempts=F("attempts") + 1,
        expires_at=timezone.now(),
        sealed="",
        claimed_until=None,
        last_error=kind[:100],
    )
