"""Check for `manage.py doctor` that the periods of two-factor, which are evidence, agree with the members."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts.database.batches import delete_in_batches
from accounts.database.timeouts import unhurried
from accounts.management.doctor import Check, Note
from accounts.management.rows import named
from accounts.models import User
from organizations.models import Membership, MembershipQuerySet, Organization, TwoFactorPeriod


def not_covered() -> MembershipQuerySet:
    """Return the active members of a known level without an open period of that level."""
    of_member = TwoFactorPeriod.objects.filter(user_id=OuterRef("user_id"), ended_at__isnull=True)
    covering = of_member.filter(organization=OuterRef("organization"), level=OuterRef("level"))
    return Membership.objects.active().filter(two_factor_level__isnull=False).exclude(Exists(covering))


def left_open() -> QuerySet[TwoFactorPeriod]:
    """Return the open periods of people who are not in the organization any more."""
    members = Membership.objects.active().filter(user=OuterRef("user_id"))
    in_it = members.filter(organization=OuterRef("organization"))
    return TwoFactorPeriod.objects.filter(ended_at__isnull=True).exclude(Exists(in_it))


def left_over() -> QuerySet[TwoFactorPeriod]:
    """Return the periods of organizations that are gone."""
    return TwoFactorPeriod.objects.exclude(Exists(Organization.objects.filter(pk=OuterRef("organization"))))


def turned_round() -> QuerySet[TwoFactorPeriod]:
    return TwoFactorPeriod.objects.filter(ended_at__lt=F("began_at"))


def periods_agree() -> Iterator[str]:
    """Check that who is in has a period that lasts, with the present level, and nobody else has one."""
    for row in not_covered().select_related("organization").iterator():
        yield f"{row.organization}: no period says that {row} has level {row.level} now"
    organization_exists = Exists(Organization.objects.filter(pk=OuterRef("organization")))
    for period in left_open().filter(organization_exists).select_related("organization").iterator():
        who = period.username
        yield f"{period.organization}: the period of {who} is still open, but {who} isn't a member"
    if rows := named(left_over()):
        yield f"periods are of organizations that are gone: {rows}"
    if rows := named(turned_round()):
        yield Note(f"periods end before they begin, because a clock was wrong: {rows}")


def repair_periods() -> int:
    """Begin and end periods now where they are missing or left open; return how many.

    When a process of a former release has changed something, nobody knows: what it was until now stays said.
    """
    with unhurried():
        ended = list(left_open().order_by("pk").values_list("pk", "user_id"))
        missing = list(not_covered().order_by("pk").values_list("pk", "user_id"))
    now = timezone.now()
    repaired = sum(end_left_open(pk, user_id, now) for pk, user_id in ended)
    repaired += sum(cover(pk, user_id or 0, now) for pk, user_id in missing)
    return repaired + delete_in_batches(left_over(), by="id")


def end_left_open(pk: int, user_id: int, now: datetime) -> int:
    with transaction.atomic():
        lock(user_id)
        return left_open().filter(pk=pk).update(ended_at=now)


def cover(pk: int, user_id: int, now: datetime) -> int:
    """Begin a period of the present level of a member, if it is still missing; return 1 if it was."""
    with transaction.atomic():
        lock(user_id)
        row = not_covered().filter(pk=pk).first()
        if row is None:
            return 0
        TwoFactorPeriod.objects.begin([row], row.level, now)
    return 1


def lock(user_id: int) -> None:
    """Lock the account, as every change of its memberships or level does. It may be gone."""
    User.objects.select_for_update(no_key=True).filter(pk=user_id).first()


CHECKS = {
    "periods of two-factor": Check(periods_agree, repair=repair_periods, mend="doctor --reconcile"),
}
