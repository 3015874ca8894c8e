"""Look at the devices of people whose level is not known: a former release has set them up."""

from django.db import transaction

from accounts import factors, signals
from accounts.database.batches import BATCH
from accounts.database.timeouts import unhurried
from accounts.exceptions import AccountGone
from accounts.factors.levels import level_of
from accounts.models import User


def backfill_levels() -> int:
    """Store the level of everybody who has two-factor, and of whom it is not known; return of how many."""
    found = last = 0
    while ids := unknown_after(last):
        last = ids[-1]
        found += sum(store_level(pk) for pk in ids)
    return found


def unknown_after(user_id: int) -> list[int]:
    unknown = User.objects.filter(two_factor_enabled_at__isnull=False, two_factor_level__isnull=True)
    with unhurried():
        return list(unknown.filter(pk__gt=user_id).order_by("pk").values_list("pk", flat=True)[:BATCH])


def store_level(user_id: int) -> bool:
    """Store the level of one person under their lock, if it is still unknown; return whether it was."""
    try:
        with transaction.atomic():
            user = User.objects.lock(user_id)
            if not user.is_enrolled or user.two_factor_level is not None:
                return False
            user.two_factor_level = level_of(factors.methods_of(user))
            user.save(update_fields=["two_factor_level"])
            signals.two_factor_changed.send(User, user=user, enabled=True)
    except AccountGone:
        return False
    return True
