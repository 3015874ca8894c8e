"""What people may know of each other: as much as the organizations tell in which both of them are (AP-14)."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from accounts.models import User
from organizations.models import Membership


@dataclass(frozen=True)
class Acquaintance:
    """Somebody in an organization of the caller's; `private` if the caller owns one of them."""

    user: User
    private: bool


def acquaintance(caller: User, user_id: int | None) -> Acquaintance | None:
    """Return an active member of an organization in which the caller is one, and not locked out."""
    mine = Membership.objects.active().filter(user=caller).open_to(caller)
    theirs = Membership.objects.active().filter(user=user_id, organization__in=mine.values("organization"))
    owned = mine.owners().filter(organization=OuterRef("organization"))
    shared = theirs.annotate(owned=Exists(owned)).select_related("user").order_by("-owned").first()
    if shared is None or shared.user is None:
        return None
    return Acquaintance(shared.user, shared.owned)  # type: ignore[attr-defined]
