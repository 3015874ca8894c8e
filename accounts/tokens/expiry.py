"""Tell people about tokens that expire soon, and find those that expired long ago.

Applications register their kinds of tokens, so the same rule applies to all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import outbox
from accounts.database.batches import update_in_batches
from accounts.database.timeouts import unhurried
from accounts.models import ApiToken, BearerToken
from accounts.plugins import Registry

DAYS_BEFORE = (7, 30)  # ascending: after the mail of 7 days there is none of 30
KEEP_EXPIRED = timedelta(days=30)  # shown as expired, then deleted

MOST_ERRORS = 10  # of one run, to be logged

Tell = Callable[[BearerToken], None]


@dataclass(frozen=True)
class Kind:
    """One kind of token. `tokens` returns those that need a mail before they expire; `tell` sends it."""

    model: type[BearerToken]
    tokens: Callable[[], QuerySet[BearerToken]]
    tell: Tell


kinds: Registry[Kind] = Registry()


def tell_in_time() -> int:
    """Enqueue the mails 30 and 7 days before expiry, each once; `send_due` sends them. Return how many.

    One that can't be written keeps no other from being written. At the end, raises ExceptionGroup of the
    errors; the next run tries again.
    """
    told, errors = 0, []
    with outbox.left_for_later():
        for kind in kinds.values():
            for days in DAYS_BEFORE:
                for pk in due_tokens(kind, days):
                    try:
                        told += tell_about(kind, pk, days)
                    except (OperationalError, InterfaceError):
                        raise  # the database is away, not the mail broken
                    except Exception as error:
                        errors.append(error)
    if errors:
        raise ExceptionGroup("mails about tokens could not be written", errors[:MOST_ERRORS])
    return told


def due_tokens(kind: Kind, days: int) -> list[int]:
    """Return the tokens that a mail is due about. Those that do not live so long are passed over for good."""
    found: list[int] = []
    for told in (None, *(more for more in DAYS_BEFORE if more > days)):
        soon = soon_over(days) & Q(expiry_told=told)
        short = kind.model._default_manager.filter(soon).exclude(lives_longer(days))
        update_in_batches(short, by="expires_at", expiry_told=days)
        with unhurried():
            found += kind.tokens().filter(soon, lives_longer(days)).values_list("pk", flat=True)
    return sorted(found)


@transaction.atomic
def tell_about(kind: Kind, pk: int, days: int) -> bool:
    """Enqueue the mail about one token; return False if another process has."""
    # Conditional: if two processes find the token, only one writes the mail.
    untold = Q(expiry_told=None) | Q(expiry_told__gt=days)
    claimed = kind.model._default_manager.filter(untold, soon_over(days), pk=pk).update(expiry_told=days)
    token = kind.tokens().filter(pk=pk).first() if claimed else None
    if token is None:
        return False
    kind.tell(token)
    return True


def soon_over(days: int) -> Q:
    """Return the condition for tokens that expire within `days` days."""
    now = timezone.now()
    return Q(expires_at__gt=now, expires_at__lte=now + timedelta(days=days))


def lives_longer(days: int) -> Q:
    """Return the condition for tokens that were made for more than `days` days."""
    return Q(created_at__lt=F("expires_at") - timedelta(days=days))


def long_expired() -> list[QuerySet[BearerToken]]:
    """Return the tokens of each kind that expired KEEP_EXPIRED ago, for housekeeping."""
    over = timezone.now() - KEEP_EXPIRED
    return [kind.model._default_manager.filter(expires_at__lt=over) for kind in kinds.values()]


def of_active_people() -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(owner__is_active=True).select_related("owner")


def tell_owner(token: ApiToken) -> None:
    outbox.notify(token.owner, "token_expiring", description=token.description, expires_at=token.expires_at)


OF_USERS = Kind(ApiToken, of_active_people, tell_owner)  # type: ignore[arg-type]
