"""What time has made useless goes away here. Nothing depends on its being gone."""

from datetime import timedelta

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from accounts.database.batches import delete_in_batches, update_in_batches
from accounts.models import OutboxMessage, RateLimit, RememberedBrowser, Session
from accounts.sessions.lifetimes import IDLE_LIFETIME, REMEMBER, TIMEOUT, limit_columns
from accounts.tokens import expiry
from accounts.two_factor import enrolment

KEEP_MESSAGES = timedelta(days=7)


def tidy() -> None:
    tidy_outbox()
    enrolment.discard_stale_enrolments()
    delete_in_batches(ended_sessions())
    delete_in_batches(shortened_sessions())
    delete_in_batches(forgotten_browsers())
    for expired in expiry.long_expired():
        delete_in_batches(expired)
    delete_in_batches(RateLimit.objects.filter(resets_at__lt=timezone.now()))


def tidy_outbox() -> None:
    """Wipe what came too late, and forget what was sent or given up long ago."""
    now = timezone.now()
    too_late = OutboxMessage.objects.filter(sent_at=None, expires_at__lte=now).exclude(sealed="")
    update_in_batches(too_late, sealed="")
    old = Q(sent_at__lt=now - KEEP_MESSAGES) | Q(sent_at=None, expires_at__lt=now - KEEP_MESSAGES)
    delete_in_batches(OutboxMessage.objects.filter(old))


def ended_sessions() -> QuerySet[Session]:
    """Sessions that open nothing any more: too old, idle for too long, or begun under a former stamp."""
    now = timezone.now()
    return Session.objects.filter(
        Q(expires_at__lt=now)
        | Q(last_used_at__lt=now - IDLE_LIFETIME)
        | (Q(user__isnull=False) & ~Q(user__security_stamp=F("security_stamp")))
        | (Q(pending_user__isnull=False) & ~Q(pending_user__security_stamp=F("security_stamp")))
    )


def shortened_sessions() -> QuerySet[Session]:
    """Sessions that a limit of their user has ended: they must not come back when it is lifted."""
    if not limit_columns():
        return Session.objects.none()
    rows = Session.objects.filter(user__isnull=False).annotate(**limit_columns())
    return rows.filter(is_over("last_used_at", TIMEOUT) | is_over("created_at", REMEMBER))


def forgotten_browsers() -> QuerySet[RememberedBrowser]:
    """Remembered browsers that are let through no more: too old, or remembered under a former stamp."""
    over = Q(expires_at__lt=timezone.now()) | ~Q(user__security_stamp=F("security_stamp"))
    if limit_columns():
        over |= is_over("created_at", REMEMBER)
    return RememberedBrowser.objects.annotate(**limit_columns()).filter(over)


def is_over(since: str, limit: str) -> Q:
    """Ask whether so many minutes, if the row carries a limit, have gone by since then."""
    duration = ExpressionWrapper(F(limit) * Value(timedelta(minutes=1)), output_field=DurationField())
    end = ExpressionWrapper(F(since) + duration, output_field=DateTimeField())
    return Q(LessThanOrEqual(end, timezone.now()))
