"""What time has made useless goes away here. Nothing depends on its being gone."""

from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import outbox, two_factor
from accounts.models import RateLimit, Session
from accounts.sessions import IDLE_LIFETIME

KEEP_MESSAGES = timedelta(days=7)


def tidy() -> None:
    outbox.tidy(KEEP_MESSAGES)
    two_factor.discard_stale_enrolments()
    ended_sessions().delete()
    RateLimit.objects.filter(resets_at__lt=timezone.now()).delete()


def ended_sessions() -> QuerySet[Session]:
    """Sessions that open nothing any more: too old, idle for too long, or begun under a former stamp."""
    now = timezone.now()
    return Session.objects.filter(
        Q(expires_at__lt=now)
        | Q(last_used_at__lt=now - IDLE_LIFETIME)
        | (Q(user__isnull=False) & ~Q(user__security_stamp=F("security_stamp")))
        | (Q(pending_user__isnull=False) & ~Q(pending_user__security_stamp=F("security_stamp")))
    )
