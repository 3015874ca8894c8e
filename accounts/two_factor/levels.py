"""Look at the devices of people whose level is not known, or no longer right: a former release has set them
up, or removed some.
"""

from django.db import transaction
from django.db.models import Q, QuerySet

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


def wrong_levels() -> QuerySet[User]:
    """Return the people with two-factor whose stored level is not that of their devices."""
    right = stronger = Q(pk__in=[])
    for level in sorted({factor.level for factor in factors.primary()}, reverse=True):
        devices = Q(pk__in=[])
        for factor in factors.primary():
            if factor.level == level:
                devices |= Q(factors.has_device(factor))
        right |= Q(two_factor_level=level) & devices & ~stronger
        stronger |= devices
    known = User.objects.filter(two_factor_enabled_at__isnull=False, two_factor_level__isnull=False)
    wrong: QuerySet[User] = known.filter(stronger).exclude(right)
    return wrong


def correct_levels() -> int:
    """Store the right level where a wrong one is stored; return how many.

    After a former release has removed somebody's app, it would let them in where only an app counts.
    """
    with unhurried():
        wrong = list(wrong_levels().order_by("pk").values_list("pk", flat=True))
    return sum(store_level(pk) for pk in wrong)


def store_level(user_id: int) -> bool:
    """Store the level of one person under their lock, unless it is stored; return whether it was changed."""
    try:
        with transaction.atomic():
            user = User.objects.lock(user_id)
            level = level_of(factors.methods_of(user))
            if not user.is_enrolled or user.two_factor_level == level:
                return False
            user.two_factor_level = level
            user.save(update_fields=["two_factor_level"])
            signals.two_factor_changed.send(User, user=user, enabled=True)
    except AccountGone:
        return False
    return True
