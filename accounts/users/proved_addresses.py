"""Give an address to the account that was created with a link which had been mailed to it (record 26)."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import outbox, signals
from accounts.audit import Actor, Event, record, subject_of
from accounts.models import User, UserQuerySet


def waiting_for(address: str) -> UserQuerySet:
    """Return the accounts in which this address, as `login_key` writes it, waits for its confirmation."""
    new = Q(email_key=address, email_confirmed_at__isnull=True)
    rows: UserQuerySet = User.objects.alias(email_key=Lower("email"), next_key=Lower("unconfirmed_email"))
    return rows.filter(new | (Q(next_key=address) & ~Q(unconfirmed_email="")))


def lock_waiting(address: str) -> list[int]:
    """Lock these accounts, in the order of ids; return their ids. Call it before the new account is made."""
    rows = waiting_for(address).order_by("pk").select_for_update(no_key=True)
    return list(rows.values_list("pk", flat=True))


def confirm_proved(user: User, waiting: list[int], *, actor: Actor) -> bool:
    """Confirm the address of a new account; return False if it belongs to another account.

    Those that wait for it give it up: links that were mailed to them are dead, and nothing tells them (D24).
    """
    if User.objects.by_confirmed_email(user.email).exists():
        return False
    now = timezone.now()
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(email_confirmed_at=now)
    except IntegrityError:  # confirmed by another account at this moment
        return False
    user.email_confirmed_at = now
    User.objects.filter(pk__in=waiting).update(address_given_up_at=now)
    signals.address_confirmed.send(User, user=user)
    record(Event.EMAIL_CONFIRMED, actor=actor, subject=subject_of(user), user=user, by_invitation=True)
    outbox.notify_address(user.email, "account_created", user=user, actor=actor)
    return True
