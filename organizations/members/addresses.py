"""Keep the copies of members' addresses, by which owners search (`Membership.address_key`).

No index answers a search over two tables: it would read all members, or everybody on the site.
"""

from typing import Any

from django.db import transaction
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Lower

from accounts.database.timeouts import unhurried
from accounts.models import User
from organizations.models import Membership, MembershipQuerySet, confirmed_address


def copy_address(sender: type[User], *, user: User, **kwargs: Any) -> None:
    """Copy the confirmed address of a user to the memberships. The caller holds the user's lock."""
    address = confirmed_address(user)
    stale = Membership.objects.active().filter(user=user).exclude(address_key=address)
    rows = list(stale.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    if rows:
        Membership.objects.filter(pk__in=rows).update(address_key=address)


def wrongly_copied() -> MembershipQuerySet:
    """Return the memberships and invitations whose copy is not the confirmed address of a member."""
    confirmed = Q(status=Membership.Status.ACTIVE, user__email_confirmed_at__isnull=False)
    true = Case(When(confirmed, then=Lower("user__email")), default=Value(""))
    return Membership.objects.alias(true_address=true).exclude(address_key=F("true_address"))


def copy_again() -> int:
    """Correct wrong copies; return how many there were."""
    confirmed = User.objects.filter(pk=OuterRef("user_id"), email_confirmed_at__isnull=False)
    with unhurried():
        wrong = list(wrongly_copied().order_by("pk").values_list("pk", flat=True))
    with unhurried(), transaction.atomic():
        rows = Membership.objects.filter(pk__in=wrong)
        rows.update(address_key="")
        rows.active().filter(user__email_confirmed_at__isnull=False).update(
            address_key=Subquery(confirmed.values(key=Lower("email"))[:1])
        )
    return len(wrong)
