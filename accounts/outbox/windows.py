"""Hold back mails of which the reader has just had one of the same kind.

What somebody may do again and again must not flood a mailbox: the mail that matters would be lost among the
others. The first mail of a kind goes at once and opens a window of an hour. Those that follow are counted,
and when the window is over one mail describes the latest and says how many there were. Its row is written in
the transaction of the change, so none is lost and none is counted twice, whatever dies in between.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.crypto.columns import SealedColumn
from accounts.database.batches import delete_in_batches
from accounts.models import MailWindow, OutboxMessage
from accounts.outbox.queue import SEALING_CONTEXT, sealed

LENGTH = timedelta(hours=1)
LIFETIME = timedelta(days=3)  # of a mail that is released

# Mails that go at once, each of them: what they tell has a limit of its own, and each says what no other
# says. No administrator or owner must be able to delay the mail that matters behind one that does not.
ALWAYS = {
    "account_administered",
    "account_deactivated",
    "account_deleted",
    "account_reactivated",
    "organization_invited",
    "organization_member_removed",
    "organization_owner_made",
    "organization_owner_unmade",
    "organization_token_expiring",
    "organization_token_sent_in_clear",
    "rights_changed",
    "texts_paused",
    "texts_resumed",
    "token_expiring",
    "token_sent_in_clear",
    "two_factor_removed_by_admin",
}
# What changes how people sign in is told at once several times an hour: the second time may be another
# person. All other kinds go at once only the first time. Mails by `notify_all` have no windows.
SEVERAL = 5
AT_ONCE = dict.fromkeys(
    (
        "backup_codes_renewed",
        "email_change_requested",
        "organization_lifted_two_factor",
        "organization_requires_two_factor_owners",
        "password_changed",
        "token_created",
        "two_factor_added",
        "two_factor_disabled",
        "two_factor_enabled",
        "two_factor_method_removed",
        "two_factor_replaced",
    ),
    SEVERAL,
) | {"backup_code_used": 10}  # as many as there are

SEALED = SealedColumn(MailWindow, "sealed", context=lambda window: SEALING_CONTEXT, may_be_empty=True)

# A second transaction waits here until the first commits, and then counts on from what that one wrote.
COUNT = """
INSERT INTO accounts_mailwindow AS stored (reader, name, closes_at, count, held, sealed, audience, key)
VALUES (%s, %s, %s, 1, 0, '', '', '')
ON CONFLICT (reader, name) DO UPDATE SET count = stored.count + 1
RETURNING id, count
"""


@dataclass(frozen=True)
class Turn:
    """Whether a mail goes at once (`window` is None), and how many it stands for, if others had to wait."""

    window: MailWindow | None = None
    held: int = 0


def turn_of(reader: str, name: str) -> Turn:
    """Count one more mail of a kind to a reader, in the transaction of the change.

    Pass `held` to the mail, and store it in the window (`store`) if there is one; else enqueue it.
    """
    if name in ALWAYS:
        return Turn()
    now = timezone.now()
    with connection.cursor() as cursor:
        closes_at = connection.ops.adapt_datetimefield_value(now + LENGTH)
        cursor.execute(COUNT, [reader, name, closes_at])
        pk, count = cursor.fetchone()
    if count == 1:
        return Turn()
    window = MailWindow.objects.get(pk=pk)  # locked by the statement before
    if is_over(window, now):  # this mail is the first of an hour, and also tells of those that still wait
        held = window.held + 1 if window.held else 0
        reopen(window, now)
        return Turn(held=held)
    return Turn() if count <= AT_ONCE.get(name, 1) else Turn(window, window.held + 1)


def is_over(window: MailWindow, now: datetime) -> bool:
    """Return whether the hour is over. A window from the future is over, too: the clock was wrong then."""
    return not now < window.closes_at <= now + LENGTH


def over() -> QuerySet[MailWindow]:
    """Return the windows for which `is_over` is true now."""
    now = timezone.now()
    return MailWindow.objects.filter(Q(closes_at__lte=now) | Q(closes_at__gt=now + LENGTH))


def store(window: MailWindow, content: dict[str, Any], *, audience: str = "", key: str = "") -> None:
    """Store the latest mail that waits, in place of the one before."""
    window.held += 1
    window.latest_at = timezone.now()
    window.sealed, window.audience, window.key = sealed(content), audience, key
    window.save(update_fields=["held", "latest_at", "sealed", "audience", "key"])


def reopen(window: MailWindow, now: datetime) -> None:
    window.closes_at, window.count = now + LENGTH, 1
    window.held, window.latest_at, window.sealed = 0, None, ""
    window.save()


def release(window: MailWindow) -> None:
    """Move the mail that waits into the outbox. The caller holds the lock of the row."""
    OutboxMessage.objects.create(
        audience=window.audience,
        key=window.key,
        sealed=window.sealed,
        created_at=window.latest_at or timezone.now(),
        expires_at=timezone.now() + LIFETIME,
    )
    window.delete()


def release_due() -> int:
    """Release what waits in windows that are over, and delete those windows; return how many mails.

    `send_due` sends them.
    """
    released = 0
    for pk in list(over().filter(held__gt=0).order_by("latest_at", "pk").values_list("pk", flat=True)):
        with transaction.atomic():
            locked = over().select_for_update(skip_locked=True)
            window = locked.filter(pk=pk, held__gt=0).first()
            if window is not None:
                release(window)
                released += 1
    delete_in_batches(over().filter(held=0))
    return released
