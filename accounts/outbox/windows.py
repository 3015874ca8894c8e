"""Hold back mails of which the reader has just had one of the same kind.

What somebody may do again and again must not flood a mailbox: the mail that matters would be lost among the
others. The first mail of a kind goes at once and opens a window of an hour; of some kinds several do. Those
that follow are counted, and when the window is over one mail describes the latest, lists those before it and
says how many there were: nobody can hide what they did by what happens afterwards. Its row is written in the
transaction of the change, so none is lost and none is counted twice, whatever dies in between.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import crypto
from accounts.crypto.columns import SealedColumn
from accounts.database.batches import delete_in_batches
from accounts.exceptions import DecryptionFailed
from accounts.models import MailWindow, OutboxMessage
from accounts.models.clocks import CLOCK_SKEW
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
    "organization_two_factor_put_off",
    "organization_two_factor_reminder",
    "rights_changed",
    "texts_paused",
    "texts_resumed",
    "token_expiring",
    "token_sent_in_clear",
    "two_factor_removed_by_admin",
}
# What changes how somebody signs in, who signs in, and what makes a key to an organization is told at once
# several times an hour: the second time may be another person. Other kinds go at once only the first time.
SEVERAL = 5
AT_ONCE = dict.fromkeys(
    (
        "backup_codes_renewed",
        "backup_codes_revealed",
        "email_change_requested",
        "new_browser",
        "organization_lifted_two_factor",
        "organization_requires_two_factor",
        "organization_requires_two_factor_owners",
        "organization_two_factor_date",
        "organization_two_factor_date_owners",
        "organization_two_factor_withdrawn",
        "password_changed",
        "token_created",
        "two_factor_added",
        "two_factor_disabled",
        "two_factor_enabled",
        "two_factor_method_removed",
        "two_factor_replaced",
        "two_factor_set_aside",
    ),
    SEVERAL,
) | {"backup_code_used": 10}  # as many as there are
MOST_SOURCES = 5  # of which the first mail in an hour goes at once, beyond those above
KEPT = 10  # times before the latest that one mail lists

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
    """Whether a mail goes at once (`window` is None), and how many it stands for, if others had to wait.

    `earlier` are the times of those others (mails.time_of), KEPT at most.
    """

    window: MailWindow | None = None
    held: int = 0
    earlier: tuple[dict[str, Any], ...] = ()


def turn_of(reader: str, name: str, *, source: str = "") -> Turn:
    """Count one more mail of a kind to a reader, in the transaction of the change.

    Pass `held` and `earlier` to the mail, and store it if there is a window; else enqueue it. The first mail
    in an hour that comes from a source does not wait, for MOST_SOURCES of them.
    """
    if name in ALWAYS:
        return Turn()
    count, window, before = count_one(reader, name)
    is_new = bool(source) and count_one(reader, f"{name}:{digest_of(source)}")[0] == 1
    if before.held:
        return before
    if window is None or count <= AT_ONCE.get(name, 1):
        return Turn()
    if is_new and count_one(reader, f"{name}:sources")[0] <= MOST_SOURCES:
        return Turn()
    return Turn(window, window.held + 1, earlier_of(window))


def digest_of(source: str) -> str:
    """Return what stands for a source in the name of a window, which is short."""
    return crypto.digest(source, "mail window")[:32]


def count_one(reader: str, name: str) -> tuple[int, MailWindow | None, Turn]:
    """Count one more in a window; return which one of the hour it is, the window if it is not the first ever,
    and the turn of a mail that begins a new hour and also tells of those that still wait.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        closes_at = connection.ops.adapt_datetimefield_value(now + LENGTH)
        cursor.execute(COUNT, [reader, name, closes_at])
        pk, count = cursor.fetchone()
    if count == 1:
        return 1, None, Turn()
    window = MailWindow.objects.get(pk=pk)  # locked by the statement before
    if not is_over(window, now):
        return count, window, Turn()
    before = Turn(held=window.held + 1, earlier=earlier_of(window)) if window.held else Turn()
    reopen(window, now)
    return 1, window, before


def earlier_of(window: MailWindow) -> tuple[dict[str, Any], ...]:
    """Return the times of the mails that wait, the newest last; of those alike, drop the oldest first."""
    if not window.sealed:
        return ()
    try:
        times = json.loads(crypto.open_sealed(window.sealed, SEALING_CONTEXT)).get("times", [])
    except DecryptionFailed:  # was raised as an alarm; the mail says how many there were
        return ()
    while len(times) > KEPT:
        looks = [(time["actor"], time["said"]) for time in times]
        repeated = (place for place, look in enumerate(looks) if look in looks[place + 1 :])
        del times[next(repeated, 0)]
    return tuple(times)


def is_over(window: MailWindow, now: datetime) -> bool:
    """Return whether the hour is over. A window from the future is over, too: the clock was wrong then.

    Another server or a request at the same moment may have written it a little later than `now`.
    """
    return not now < window.closes_at <= now + LENGTH + CLOCK_SKEW


def over() -> list[QuerySet[MailWindow]]:
    """Return the windows for which `is_over` is true now, in two parts: each is a range of the index."""
    now = timezone.now()
    closed = MailWindow.objects.filter(closes_at__lte=now)
    return [closed, MailWindow.objects.filter(closes_at__gt=now + LENGTH + CLOCK_SKEW)]


def store(
    turn: Turn, content: dict[str, Any], time: dict[str, Any], *, audience: str = "", key: str = ""
) -> None:
    """Store the latest mail that waits, in place of the one before, together with the times of all."""
    window = turn.window
    if window is None:
        raise ValueError("this mail does not wait")
    window.held += 1
    window.latest_at = timezone.now()
    window.sealed = sealed(content | {"times": [*turn.earlier, time]})
    window.audience, window.key = audience, key
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
    for rows in over():
        for pk in list(rows.filter(held__gt=0).order_by("latest_at", "pk").values_list("pk", flat=True)):
            with transaction.atomic():
                locked = rows.select_for_update(skip_locked=True)
                window = locked.filter(pk=pk, held__gt=0).first()
                if window is not None:
                    release(window)
                    released += 1
        delete_in_batches(rows.filter(held=0), by="closes_at")
    return released
