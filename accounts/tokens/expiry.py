"""Tell people about tokens that expire soon, and find those that expired long ago.

Applications register their kinds of tokens, so the same rule applies to all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import outbox
from accounts.models import ApiToken, BearerToken
from accounts.plugins import Registry

DAYS_BEFORE = (7, 30)  # ascending: after the mail of 7 days there is none of 30
KEEP_EXPIRED = timedelta(days=30)  # shown as expired, then deleted

Tell = Callable[[BearerToken], None]


@dataclass(frozen=True)
class Kind:
    """One kind of token. `tokens` returns those that need a mail before they expire; `tell` sends it."""

    model: type[BearerToken]
    tokens: Callable[[], QuerySet[BearerToken]]
    tell: Tell


kinds: Registry[Kind] = Registry()


def tell_in_time() -> None:
    """Enqueue the mails 30 and 7 days before expiry, each once; `send_due` sends them."""
    with outbox.left_for_later():
        for kind in kinds.values():
            for days in DAYS_BEFORE:
                tell_about(kind, days)


def tell_about(kind: Kind, days: int) -> None:
    due = due_for_mail(days)
    for pk in list(kind.tokens().filter(due).order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            # Conditional: if two processes find the token, only one writes the mail.
            claimed = kind.model._default_manager.filter(due, pk=pk).update(expiry_told=days)
            if claimed and (token := kind.tokens().filter(pk=pk).first()):
                kind.tell(token)


def due_for_mail(days: int) -> Q:
    """Return the condition for tokens that expire within `days` days, live longer, and had no such mail."""
    now, before = timezone.now(), timedelta(days=days)
    told = Q(expiry_told__isnull=False, expiry_told__lte=days)
    return (
        Q(expires_at__gt=now, expires_at__lte=now + before, created_at__lt=F("expires_at") - before) & ~told
    )


def long_expired() -> list[QuerySet[BearerToken]]:
    """Return the tokens of each kind that expired KEEP_EXPIRED ago, for housekeeping."""
    over = timezone.now() - KEEP_EXPIRED
    return [kind.model._default_manager.filter(expires_at__lt=over) for kind in kinds.values()]


def of_active_people() -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(owner__is_active=True).select_related("owner")


def tell_owner(token: ApiToken) -> None:
    outbox.notify(token.owner, "token_expiring", description=token.description, expires_at=token.expires_at)


OF_USERS = Kind(ApiToken, of_active_people, tell_owner)  # type: ignore[arg-type]
