"""The breaker against toll fraud: pause texts to where codes are sent but not used.

Fraudsters who earn from texts have them sent to numbers of their own or of others, and seldom type the codes.
A country and a block of numbers are paused when, of FEWEST codes or more that went there in an hour, fewer
than one in ten was used: first for set-ups; then, if codes for logins are not used either, for logins.

Anybody who can have texts sent could use this to pause a country for everybody. So only a few texts of each
person, network and number count, and for a country only a few of each block. Codes on their way look unused:
set-ups go on as soon as one in ten of those codes was used; logins are judged once their codes had time to be
used, or if none was.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts import limits
from accounts.audit import Actor
from accounts.crypto import digest, digests
from accounts.database.batches import delete_in_batches
from accounts.exceptions import MethodPaused, RateLimited
from accounts.factors.sms import news
from accounts.factors.sms.models import (
    LENGTHS,
    LONGEST,
    Destination,
    Purpose,
    TextMessage,
    is_paused,
    is_too_long,
)
from accounts.factors.sms.numbers import country_of, prefix_of
from accounts.factors.sms.wording import set_ups_paused
from accounts.limits import Budget
from accounts.models.clocks import CLOCK_SKEW

FEWEST = 20
ONE_IN = 10
WINDOW = timedelta(hours=1)
TIME_TO_ANSWER = timedelta(minutes=5)
# How many texts of one kind count in an hour, for each destination and purpose. They refuse nothing.
COUNTED_OF_PERSON = Budget("text:counted:person", (3, 3600))
COUNTED_OF_NETWORK = Budget("text:counted:network", (5, 3600))
COUNTED_OF_NUMBER = Budget("text:counted:number", (3, 3600))
COUNTED_OF_BLOCK = Budget("text:counted:block", (5, 3600))

BREAKER = Actor(user=None, ip=None, user_agent="", door="breaker")

COUNT = """
INSERT INTO {table} AS stored
(key, purpose, country, ending, window_began_at, sent, used, tripped_by, reason) VALUES {rows}
ON CONFLICT (key, purpose) DO UPDATE SET
    sent = CASE WHEN {is_over} THEN 1 ELSE stored.sent + 1 END,
    used = CASE WHEN {is_over} THEN 0 ELSE stored.used END,
    window_began_at = CASE WHEN {is_over} THEN excluded.window_began_at ELSE stored.window_began_at END
"""
IS_OVER = "(stored.window_began_at <= %s OR stored.window_began_at > %s)"


@dataclass(frozen=True)
class Sent:
    """A text that the provider has taken: where it went, what for, and who had it sent from where."""

    number: str
    purpose: str
    person: str
    network: str

    @property
    def block(self) -> str:
        return block_key(self.number)

    @property
    def country(self) -> str:
        return country_of(self.number)


def block_key(number: str) -> str:
    return digest(prefix_of(number), "block")


def source_network(actor: Actor | None) -> str:
    """Return the widest network of the actor, an IPv4 /24 or IPv6 /48: those within it are cheap to have."""
    return actor.networks[-1] if actor else ""


# ---------------------------------------------------------------- is it paused?


def pause_of(number: str, purpose: str) -> Destination | None:
    """Return the pause that keeps texts for this purpose from this number, or None. Pure."""
    keys = [country_of(number), *digests(prefix_of(number), "block")]
    found = Destination.objects.paused().filter(key__in=keys, purpose=purpose)
    return found.order_by(F("paused_until").desc(nulls_first=True)).first()


def check_set_up(number: str) -> None:
    """Raise MethodPaused if no texts that set up a number go there at the moment."""
    pause = pause_of(number, Purpose.SET_UP)
    if pause is not None:
        raise MethodPaused(set_ups_paused(pause))


# ---------------------------------------------------------------- count


def count_sent(text: Sent, message_id: int) -> None:
    """Count a text that was sent; pause its block or country if too few codes are used there.

    Call it outside any transaction.
    """
    block, country, now = text.block, text.country, timezone.now()
    counted = {}
    if counts(text, block):
        counted[block] = prefix_of(text.number)[-2:]
    if counts(text, country, (COUNTED_OF_BLOCK, f"{text.purpose}:{country}:{block}")):
        counted[country] = ""
    if not counted:
        return
    add(counted, text.purpose, country, now)
    TextMessage.objects.filter(pk=message_id).update(
        counted_at=now, block=block if block in counted else "", country=country if country in counted else ""
    )
    for row in Destination.objects.filter(key__in=counted, purpose=text.purpose):
        if is_suspicious(row, now):
            trip(row)


def counts(text: Sent, key: str, *more: tuple[Budget, str]) -> bool:
    """Return whether this text counts: few of its person, network and number have been counted."""
    source = f"{text.purpose}:{key}"
    try:
        limits.reserve(
            (COUNTED_OF_PERSON, f"{source}:{text.person}"),
            (COUNTED_OF_NETWORK, f"{source}:{text.network}"),
            (COUNTED_OF_NUMBER, f"{source}:{digest(text.number, 'counted')[:32]}"),
            *more,
        )
    except RateLimited:
        return False
    return True


def add(counted: dict[str, str], purpose: str, country: str, now: datetime) -> None:
    """Count one text in each of these rows, given with their endings. An hour begins with its first text."""
    adapt = connection.ops.adapt_datetimefield_value
    parameters: list[Any] = []
    for key, ending in sorted(counted.items()):  # so that two of these can't deadlock
        parameters += [key, str(purpose), country, ending, adapt(now), 1, 0, "", ""]
    parameters += [adapt(now - WINDOW), adapt(now + CLOCK_SKEW)] * 3
    statement = COUNT.format(
        table=connection.ops.quote_name(Destination._meta.db_table),
        rows=", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(counted)),
        is_over=IS_OVER,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def count_used(message: TextMessage) -> None:
    """Count a right answer to this text. Call it after the commit. This ends a pause that it proves wrong."""
    if message.counted_at is None:
        return
    rows = Destination.objects.filter(
        key__in={message.country, message.block} - {""},
        purpose=purpose_of(message.purpose),
        window_began_at__lte=message.counted_at,
    )
    rows.filter(used__lt=F("sent")).update(used=F("used") + 1)
    mistaken = rows.filter(is_paused(timezone.now()), tripped_by=F("purpose"), sent__lte=F("used") * ONE_IN)
    for row in mistaken:
        with transaction.atomic():
            if lift(mistaken.filter(pk=row.pk)):
                news.resumed(row, actor=BREAKER)


def purpose_of(purpose: str) -> Purpose:
    """Return what a text with this purpose counts as."""
    return Purpose.SET_UP if purpose == "enrolment" else Purpose.LOGIN


# ---------------------------------------------------------------- trip


def is_suspicious(row: Destination, now: datetime) -> bool:
    """Return whether too few of the codes that went there were used."""
    if row.sent < FEWEST or row.used * ONE_IN >= row.sent:
        return False
    if row.purpose == Purpose.SET_UP or not row.used:
        return True
    return now - row.window_began_at >= TIME_TO_ANSWER


def trip(row: Destination) -> None:
    """Pause set-ups there; if they are paused already and these were codes for logins, pause logins."""
    with transaction.atomic():
        set_ups, _created = Destination.objects.get_or_create(
            key=row.key, purpose=Purpose.SET_UP, defaults={"country": row.country, "ending": row.ending}
        )
        if pause(set_ups, row):
            # Logins are paused only if it goes on: their codes are counted anew from here.
            begin_anew(Destination.objects.filter(key=row.key, purpose=Purpose.LOGIN))
            news.paused(set_ups, cause=row, actor=BREAKER)
        elif row.purpose == Purpose.LOGIN and pause(row, row):
            news.paused(row, cause=row, actor=BREAKER)


def pause(row: Destination, cause: Destination) -> bool:
    """Pause this row, with the counts of the row that caused it; return False if it was paused already."""
    now = timezone.now()
    free = Destination.objects.filter(pk=row.pk).exclude(is_paused(now))
    return bool(
        free.update(
            paused_at=now,
            paused_until=now + LENGTHS[Purpose(row.purpose)],
            tripped_by=cause.purpose,
            reason="",
            sent=cause.sent,
            used=cause.used,
        )
    )


def pause_by_hand(row: Destination, reason: str) -> None:
    """Pause this row until somebody lifts it, whether it was paused or not."""
    paused = {"paused_at": timezone.now(), "paused_until": None, "tripped_by": "", "reason": reason}
    Destination.objects.filter(pk=row.pk).update(**paused)


def lift(rows: QuerySet[Destination]) -> int:
    """End the pauses of these rows and count anew; return how many there were."""
    return rows.update(
        paused_at=None,
        paused_until=None,
        tripped_by="",
        reason="",
        sent=0,
        used=0,
        window_began_at=timezone.now(),
    )


def begin_anew(rows: QuerySet[Destination]) -> None:
    rows.update(sent=0, used=0, window_began_at=timezone.now())


def shorten_pauses() -> None:
    """Have pauses that began while the clock was ahead last their length from now on."""
    now = timezone.now()
    too_long = Destination.objects.filter(is_too_long(now))
    for purpose, length in LENGTHS.items():
        too_long.filter(purpose=purpose).update(paused_at=now, paused_until=now + length)


def discard_stale() -> None:
    """Delete rows that are out of date and not paused."""
    shorten_pauses()
    now = timezone.now()
    over = Destination.objects.filter(window_began_at__lt=now - LONGEST).exclude(is_paused(now))
    delete_in_batches(over, by="window_began_at")
