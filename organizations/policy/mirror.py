"""Copy what people have set up to their memberships, with the periods that are the evidence of it."""

from collections import defaultdict
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.database.batches import BATCH
from accounts.database.timeouts import unhurried
from accounts.models import User
from organizations.models import Membership, OrganizationCounts, TwoFactorPeriod, share_of


def mirror(sender: type[User], *, user: User, enabled: bool, **kwargs: Any) -> None:
    """Copy the two-factor state of a user to the memberships. The caller holds the user's lock."""
    same = Q(two_factor_enabled=enabled, two_factor_level__isnull=False, two_factor_level=user.level)
    stale = Membership.objects.active().filter(user=user).exclude(same)
    rows = list(stale.order_by("pk").select_for_update(no_key=True))
    if rows:
        copy(rows, user)


def copy(rows: list[Membership], user: User) -> None:
    """Write the user's level to these locked memberships, begin their periods, and count them."""
    known = user.known_level
    Membership.objects.filter(pk__in=[row.pk for row in rows]).update(
        two_factor_enabled=user.is_enrolled, two_factor_level=known
    )
    changed = [row for row in rows if row.two_factor_level != known]
    if known is not None and changed:
        TwoFactorPeriod.objects.begin(changed, known, timezone.now())
    alike = defaultdict(list)  # organizations whose counts change in the same way
    for row in rows:
        before = share_of(row.two_factor_enabled, row.two_factor_level)
        alike[tuple(before.values())].append(row.organization_id)
    after = share_of(user.is_enrolled, known)
    if len(alike) > 1:  # all of them in order: else two people could wait for each other
        counted_ids = sorted(row.organization_id for row in rows)
        list(
            OrganizationCounts.objects.filter(pk__in=counted_ids)
            .order_by("pk")
            .select_for_update(no_key=True)
        )
    for counted, organization_ids in sorted(alike.items()):
        change = {name: after[name] - number for name, number in zip(after, counted, strict=True)}
        OrganizationCounts.objects.add(organization_ids, **change)


def backfill_copies() -> int:
    """Copy the level to active memberships of which it is not known; return how many.

    A former release has written them. What accounts do not know yet comes with a later run.
    """
    found = last = 0
    while places := unknown_after(last):
        last = places[-1][0]
        for user_id in sorted({user_id for _pk, user_id in places if user_id}):
            found += copy_to_unknown(user_id)
    return found


def unknown_after(membership_id: int) -> list[tuple[int, int | None]]:
    unknown = Membership.objects.active().filter(two_factor_level__isnull=True, pk__gt=membership_id)
    with unhurried():
        return list(unknown.order_by("pk").values_list("pk", "user_id")[:BATCH])


def copy_to_unknown(user_id: int) -> int:
    """Copy the level of a user to the memberships that don't have it; return how many."""
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        if user is None or (user.is_enrolled and user.two_factor_level is None):
            return 0
        unknown = Membership.objects.active().filter(user=user, two_factor_level__isnull=True)
        rows = list(unknown.order_by("pk").select_for_update(no_key=True)[:BATCH])
        if rows:
            copy(rows, user)
    return len(rows)
