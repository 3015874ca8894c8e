"""Checks of the invariants (I1 to I10): each app registers its own, and `manage.py doctor` runs them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from accounts import factors
from accounts.crypto.columns import sealed_columns
from accounts.management import integrity
from accounts.models import OutboxMessage, User
from accounts.plugins import Registry

Finder = Callable[[], Iterable[str]]
Repair = Callable[[], int]

OVERDUE = timedelta(minutes=30)


class Note(str):
    """Information from a check that is not a problem."""


@dataclass(frozen=True)
class Check:
    """`find` yields problems and notes; `repair` corrects problems that need no decision, and counts them."""

    find: Finder
    repair: Repair | None = None


# By title.
checks: Registry[Check] = Registry()


def lift_statement_timeout() -> None:
    """Remove the statement timeout of this connection, which is for pages."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")


@contextmanager
def time_to_read() -> Iterator[None]:
    """Read whole tables in this block: a transaction without the statement timeout, which is for pages.

    The connection keeps its timeout, because a pooler may hand it on. SQLite has no timeout, and a
    transaction would keep all others from writing.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def two_factor_is_what_the_devices_say() -> Iterator[str]:
    """Check I2: two-factor is on exactly while a primary device is confirmed."""
    enrolled = Q()
    for factor in factors.primary():
        users = factor.device_model._default_manager.filter(confirmed=True).values("user")
        enrolled |= Q(pk__in=users)
    on = Q(two_factor_enabled_at__isnull=False)
    for user in User.objects.filter(on & ~enrolled):
        yield f"{user}: two-factor is on, and there is no confirmed device"
    for user in User.objects.filter(~on & enrolled):
        yield f"{user}: two-factor is off, and there is a confirmed device"


def backup_codes_come_and_go_with_two_factor() -> Iterator[str]:
    """Check I2: a user has exactly one set of codes while two-factor is on, otherwise none."""
    for factor in factors.backup():
        sets = factor.device_model._default_manager.filter(confirmed=True)
        having_one = sets.values("user").annotate(sets=Count("pk")).filter(sets=1).values("user")
        for user in User.objects.filter(two_factor_enabled_at__isnull=False).exclude(pk__in=having_one):
            yield f"{user}: two-factor is on without exactly one set of {factor.slug}"
        for user in User.objects.filter(two_factor_enabled_at__isnull=True, pk__in=sets.values("user")):
            yield f"{user}: two-factor is off, and there are {factor.slug}"


def devices_are_whole() -> Iterator[str]:
    """Check the rows that belong to devices, such as the codes of a set."""
    for factor in factors.all_factors():
        yield from factor.find_damage()
    for user in User.objects.filter(
        two_factor_enabled_at__isnull=False, two_factor_forced_off_at__isnull=False
    ):
        yield f"{user}: two-factor is on, and marked as removed by force"


def stored_secrets_can_be_opened() -> Iterator[str]:
    """Check that every secret can be opened, so that nobody finds a missing key at a login. Note old keys."""
    for column in sealed_columns.values():
        tally = column.tally()
        if tally.unreadable:
            yield f"{column}: no entry of ENCRYPTION_KEYS opens {tally.unreadable} of {tally.total}"
        if tally.old:
            yield Note(
                f"{column}: {tally.old} of {tally.total} stand under an old key, which has to stay in "
                "ENCRYPTION_KEYS until rotate_encryption_keys has run"
            )


def mails_leave() -> Iterator[str]:
    """Check that no unsent, unexpired mail is older than OVERDUE."""
    late = OutboxMessage.objects.filter(
        sent_at=None, expires_at__gt=timezone.now(), created_at__lt=timezone.now() - OVERDUE
    )
    oldest = late.order_by("created_at").first()
    if oldest is not None:
        yield (
            f"{late.count()} mails have not left, the oldest since {oldest.created_at:%Y-%m-%d %H:%M} UTC "
            f"({oldest.last_error or 'never tried'}); is the mail server up, and does run_due_work run?"
        )


def what_methods_say() -> Iterator[str]:
    """Note what the factors have to say, such as where no codes are sent at the moment."""
    for factor in factors.all_factors():
        yield from map(Note, factor.notes())


CHECKS = {
    "two-factor and devices agree": Check(two_factor_is_what_the_devices_say),
    "backup codes": Check(backup_codes_come_and_go_with_two_factor),
    "devices are whole": Check(devices_are_whole),
    "encryption keys": Check(stored_secrets_can_be_opened),
    "mails": Check(mails_leave),
    "audit events are append-only": Check(integrity.events_are_append_only),
    "migrations": Check(integrity.migrations_are_applied),
    "times": Check(integrity.nothing_is_of_the_future),
    "methods": Check(what_methods_say),
}
