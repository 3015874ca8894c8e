"""Delete the sessions that a limit has ended before the limit goes: they must not come back (D11).

A limit that is made longer stays in force as a former one, until `run_due_work` has been to all members.
Whoever leaves takes no session along that has ended. Nothing has to look for such sessions otherwise: they
expire.
"""

from collections.abc import Sequence

from django.db import transaction

from accounts.database.timeouts import unhurried
from accounts.sessions.shortened import any_left, end_shortened
from organizations.models import Membership, Organization
from organizations.models.organizations import HAS_FORMER

MEMBERS_AT_ONCE = 1000
FORMER = ("former_timeout", "former_remember")
LIMITS = ("session_timeout", "session_remember", *FORMER)


def end_by_former_limits() -> int:
    """Delete what former limits have ended, and let go of those limits; return how many sessions it were."""
    with unhurried():
        concerned = list(Organization.objects.filter(HAS_FORMER).order_by("pk"))
    return sum(end_in(organization) for organization in concerned)


def end_in(organization: Organization) -> int:
    ended, last, is_done = 0, 0, True
    while user_ids := members_after(organization, last):
        last = user_ids[-1]
        with unhurried(), transaction.atomic():
            ended += end_shortened(user_ids)
            is_done = is_done and not any_left(user_ids)
    if not is_done:
        return ended  # what somebody had locked is for the next time
    # One that has changed meanwhile stays for the next time.
    found = Organization.objects.filter(pk=organization.pk)
    found.filter(**{name: getattr(organization, name) for name in FORMER}).update(**dict.fromkeys(FORMER))
    return ended


def members_after(organization: Organization, user_id: int) -> list[int]:
    """Return the users who are the next members."""
    rows = Membership.objects.active().filter(organization=organization, user__gt=user_id)
    with unhurried():
        return list(rows.order_by("user").values_list("user", flat=True)[:MEMBERS_AT_ONCE])


def end_with_membership(organization: Organization, user_ids: Sequence[int]) -> None:
    """Delete what the limits of an organization have ended, before these people are members no more.

    The caller holds the locks.
    """
    if any(getattr(organization, name) is not None for name in LIMITS):
        for start in range(0, len(user_ids), MEMBERS_AT_ONCE):
            end_shortened(user_ids[start : start + MEMBERS_AT_ONCE])
