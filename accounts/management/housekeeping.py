"""Delete expired rows. Nothing depends on their deletion."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from accounts.database.batches import delete_in_batches, update_in_batches
from accounts.models import OutboxMessage, RateLimit, RememberedBrowser, Session
from accounts.sessions.lifetimes import IDLE_LIFETIME, REMEMBER_LIMIT, TIMEOUT_LIMIT, limit_columns
from accounts.tokens import expiry
from accounts.two_factor import enrolment

logger = logging.getLogger(__name__)

KEEP_MESSAGES = timedelta(days=7)


def tidy() -> None:
    """Do everything once. Unlike `run_due_work`, it stops at the first error."""
    for step in STEPS.values():
        step()


def wipe_late_messages() -> int:
    """Wipe messages that expired unsent, and log how many: somebody waits for them in vain."""
    too_late = OutboxMessage.objects.filter(sent_at=None, expires_at__lte=timezone.now()).exclude(sealed="")
    wiped = update_in_batches(too_late, sealed="")
    if wiped:
        logger.warning("%s messages could not be sent in time, and are given up", wiped)
    return wiped


def delete_old_messages() -> int:
    """Delete messages that were sent, or expired, KEEP_MESSAGES ago."""
    limit = timezone.now() - KEEP_MESSAGES
    old = Q(sent_at__lt=limit) | Q(sent_at=None, expires_at__lt=limit)
    return delete_in_batches(OutboxMessage.objects.filter(old))


def delete_expired_tokens() -> int:
    return sum(delete_in_batches(expired) for expired in expiry.long_expired())


def ended_sessions() -> QuerySet[Session]:
    """Return sessions that are no longer valid: expired, idle for too long, or with a former stamp."""
    now = timezone.now()
    return Session.objects.filter(
        Q(expires_at__lt=now)
        | Q(last_used_at__lt=now - IDLE_LIFETIME)
        | (Q(user__isnull=False) & ~Q(user__security_stamp=F("security_stamp")))
        | (Q(pending_user__isnull=False) & ~Q(pending_user__security_stamp=F("security_stamp")))
    )


def shortened_sessions() -> QuerySet[Session]:
    """Return sessions that a user's limit has ended: they must not come back when the limit is lifted."""
    if not limit_columns():
        return Session.objects.none()
    rows = Session.objects.filter(user__isnull=False).annotate(**limit_columns())
    return rows.filter(is_over("last_used_at", TIMEOUT_LIMIT) | is_over("created_at", REMEMBER_LIMIT))


def forgotten_browsers() -> QuerySet[RememberedBrowser]:
    """Return remembered browsers that are no longer valid: expired, or with a former stamp."""
    over = Q(expires_at__lt=timezone.now()) | ~Q(user__security_stamp=F("security_stamp"))
    if limit_columns():
        over |= is_over("created_at", REMEMBER_LIMIT)
    return RememberedBrowser.objects.annotate(**limit_columns()).filter(over)


def is_over(since: str, limit: str) -> Q:
    """Return a condition: `limit` minutes have passed since the time in `since`. False without a limit."""
    duration = ExpressionWrapper(F(limit) * Value(timedelta(minutes=1)), output_field=DurationField())
    end = ExpressionWrapper(F(since) + duration, output_field=DateTimeField())
    return Q(LessThanOrEqual(end, timezone.now()))


# By name. Each is a step of `run_due_work`, and returns how many rows it changed or deleted.
STEPS: dict[str, Callable[[], int]] = {
    "late messages wiped": wipe_late_messages,
    "old messages deleted": delete_old_messages,
    "unfinished set-ups deleted": enrolment.discard_stale_enrolments,
    "ended sessions deleted": lambda: delete_in_batches(ended_sessions()),
    "shortened sessions deleted": lambda: delete_in_batches(shortened_sessions()),
    "remembered browsers deleted": lambda: delete_in_batches(forgotten_browsers()),
    "expired tokens deleted": delete_expired_tokens,
    "counters deleted": lambda: delete_in_batches(RateLimit.objects.filter(resets_at__lt=timezone.now())),
}
