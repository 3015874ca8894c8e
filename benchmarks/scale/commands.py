"""What is measured of commands: with nothing to do, with a thousand of each thing, with a full outbox."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from io import StringIO

from django.core.management import CommandError, call_command
from django.db import connection

from accounts.factors.totp.models import TOTPDevice
from accounts.models import ApiToken, OutboxMessage, RateLimit, RememberedBrowser, Session
from accounts.outbox.mails import Mail
from accounts.outbox.queue import sealed
from benchmarks.scale import loading, mails
from benchmarks.scale.actions import Action
from benchmarks.scale.meter import Unexpected
from benchmarks.scale.sizes import Size
from benchmarks.scale.world import PUT_OFF, STAMP, ago, at, id_of

GROUP = "Commands"
RUBBISH = 1_000
DELIVERED = 100
MOST_CHECKED = 100_000  # people


def commands(size: Size) -> Iterator[Action]:
    tidy_up()
    yield Action(GROUP, "`run_due_work` with nothing to do", lambda _: call_command("run_due_work"))
    yield Action(
        GROUP,
        f"`run_due_work` with {RUBBISH:,} of each thing to delete",
        lambda _: call_command("run_due_work"),
        litter,
    )
    yield Action(GROUP, "`doctor`", lambda _: doctor(size), reads_all="it checks every row")
    yield Action(
        GROUP, f"{DELIVERED} mails, of a full outbox", lambda _: deliver(), lambda n: fill_outbox(size, n)
    )


def tidy_up() -> None:
    """Do what the actions have left to do, without the mails, so that there is nothing to do."""
    with loading.patient():
        OutboxMessage.objects.filter(sent_at=None).exclude(attempts=PUT_OFF).delete()
    call_command("run_due_work")
    loading.vacuum()


def doctor(size: Size) -> None:
    if size.people > MOST_CHECKED:
        raise Unexpected("not run: it checks every row, which takes minutes")
    with suppress(CommandError, SystemExit):  # some of the rows are none that the product writes
        call_command("doctor", stdout=StringIO(), stderr=StringIO())


def deliver() -> None:
    """Send what is due, until the mail server has taken so many."""
    mails.Backend.left = DELIVERED
    with suppress(mails.Enough):
        call_command("run_due_work")


def fill_outbox(size: Size, number: int) -> None:
    if number:
        return
    content = sealed(asdict(Mail("somebody@example.com", "About your account", "x" * 600, "")))
    with loading.patient():
        loading.copy(
            OutboxMessage,
            range(size.mails),
            sealed=content,
            due_at=ago(timedelta(milliseconds=5), 100_000),
            created_at=at(-10),
            expires_at=at(10_000),
        )
    loading.vacuum()


def litter(number: int) -> None:
    """Leave things that are over, as one busy day does."""
    numbers = range(number * RUBBISH + 1, (number + 1) * RUBBISH + 1)
    over = {"created_at": at(-30_000), "last_used_at": at(-30_000), "expires_at": at(-1)}
    former = {"created_at": at(-10), "last_used_at": at(-10), "expires_at": at(9_000)}
    people = [id_of(1 + n % 500) for n in range(500)]

    def somebody(n: int) -> str:
        return people[n % len(people)]

    for kind, times, stamp in (("over", over, STAMP), ("former", former, "f" * 32)):
        hashes = loading.random_hash(f"{kind}{number}")
        loading.copy(Session, numbers, key_hash=hashes, user_id=somebody, security_stamp=stamp, **times)
        loading.copy(
            RememberedBrowser, numbers, token_hash=hashes, user_id=somebody, security_stamp=stamp, **times
        )
    token = {"token_hash": loading.random_hash(f"old{number}"), "owner_id": somebody}
    loading.copy(ApiToken, numbers, expires_at=at(-60_000), created_at=at(-90_000), **token)
    loading.copy(RateLimit, numbers, key=lambda n: f"over:{n}", count=1, resets_at=at(-1))
    loading.copy(
        TOTPDevice, numbers, user_id=somebody, sealed_secret="", created_at=at(-300), confirmed=False
    )
    sent = {"created_at": at(-20_000), "due_at": at(-20_000), "expires_at": at(-15_000)}
    loading.copy(OutboxMessage, numbers, sent_at=at(-19_000), **sent)
    late = {"created_at": at(-500), "due_at": at(-500), "expires_at": at(-1)}
    loading.copy(OutboxMessage, numbers, sealed="late", **late)


def bytes_of_tables() -> dict[str, tuple[int, int, int]]:
    """Return rows, bytes of the table and bytes of its indexes, of each table that has rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples::bigint, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples > 0"
        )
        return {name: (rows, table, indexes) for name, rows, table, indexes in cursor.fetchall()}
