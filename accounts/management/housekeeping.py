"""Delete expired rows. Nothing depends on their deletion.

Each step asks an index for what it deletes, so it costs as much as there is to delete (decision record D70).
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, Model, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.database import batches
from accounts.database.batches import delete_in_batches, update_in_batches
from accounts.database.timeouts import unhurried
from accounts.models import OutboxMessage, RateLimit, RememberedBrowser, Session, User
from accounts.models.outbox import WAITS
from accounts.tokens import expiry
from accounts.two_factor import enrolment
from accounts.users import site_invitations

logger = logging.getLogger(__name__)

KEEP_MESSAGES = timedelta(days=7)


def tidy() -> None:
    """Do everything once. Unlike `run_due_work`, it stops at the first error."""
    for step in STEPS.values():
        step()


def wipe_late_messages() -> int:
    """Wipe messages that expired unsent, and log how many: somebody waits for them in vain."""
    too_late = OutboxMessage.objects.filter(WAITS, expires_at__lte=timezone.now())
    wiped = update_in_batches(too_late, by="expires_at", sealed="")
    if wiped:
        logger.warning("%s messages could not be sent in time, and are given up", wiped)
    return wiped


def delete_old_messages() -> int:
    """Delete messages that were sent, or expired, KEEP_MESSAGES ago."""
    return delete_in_batches(messages_over(timezone.now() - KEEP_MESSAGES), by="over_since")


def messages_over(before: datetime) -> QuerySet[OutboxMessage]:
    """Return the messages that were sent, or expired unsent, before this time."""
    return OutboxMessage.objects.annotate(over_since=Coalesce("sent_at", "expires_at")).filter(
        over_since__lt=before
    )


def delete_expired_tokens() -> int:
    return sum(delete_in_batches(expired, by="expires_at") for expired in expiry.long_expired())


def delete_expired(rows: QuerySet[Any]) -> int:
    """Delete the rows of a model that have expired. What idles for too long expires soon after."""
    return delete_in_batches(rows.filter(expires_at__lt=timezone.now()), by="expires_at")


def delete_former() -> int:
    """Delete sessions, pending logins and remembered browsers with a former stamp; return how many.

    Their users are marked (User.stamp_is_new), until nothing with a former stamp is left.
    """
    deleted = 0
    last = 0
    while ids := marked_after(last):
        last = ids[-1]
        for model, person in STAMPED:
            rows = with_former_stamp(model, person).filter(**{f"{person}__in": ids})
            deleted += delete_in_batches(rows, by=f"{person}_id")
        # One statement: a stamp that changes at this moment keeps its mark.
        done = User.objects.filter(pk__in=ids, stamp_is_new=True)
        for model, person in STAMPED:
            left = model._default_manager.filter(**{person: OuterRef("pk")})
            done = done.exclude(Exists(left.exclude(security_stamp=OuterRef("security_stamp"))))
        done.update(stamp_is_new=False)
    return deleted


# What is valid with the present stamp of a user only, and the column with that user.
STAMPED: list[tuple[type[Model], str]] = [
    (Session, "user"),
    (Session, "pending_user"),
    (RememberedBrowser, "user"),
]


def marked_after(user_id: int) -> list[int]:
    with unhurried():
        marked = User.objects.filter(stamp_is_new=True, pk__gt=user_id).order_by("pk")
        return list(marked.values_list("pk", flat=True)[: batches.BATCH])


def with_former_stamp(model: type[Model], person: str) -> QuerySet[Any]:
    return model._default_manager.exclude(security_stamp=F(f"{person}__security_stamp"))


# By name. Each is a step of `run_due_work`, and returns how many rows it changed or deleted.
STEPS: dict[str, Callable[[], int]] = {
    "late messages wiped": wipe_late_messages,
    "old messages deleted": delete_old_messages,
    "unfinished set-ups deleted": enrolment.discard_stale_enrolments,
    "ended sessions deleted": lambda: delete_expired(Session.objects.all()),
    "sessions and browsers of former stamps deleted": delete_former,
    "remembered browsers deleted": lambda: delete_expired(RememberedBrowser.objects.all()),
    "expired invitations to the site deleted": site_invitations.delete_long_expired,
    "expired tokens deleted": delete_expired_tokens,
    "counters deleted": lambda: delete_in_batches(
        RateLimit.objects.filter(resets_at__lt=timezone.now()), by="resets_at"
    ),
}
