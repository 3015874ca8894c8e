"""Decide what users may see of each other with their tokens, by the organizations that they share (AP-14)."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from accounts.models import User
from organizations.access.gate import effective_level
from organizations.models import Membership


@dataclass(frozen=True)
class VisibleUser:
    """A user who shares an organization with the caller; `private` if the caller owns one of those."""

    user: User
    private: bool


def visible_user(caller: User, user_id: int | None) -> VisibleUser | None:
    """Return the user if they share an organization that is open to the caller's token, else None."""
    joined = Membership.objects.active().filter(user=caller)
    mine = joined.open_to(effective_level(caller)).accepting_user_tokens()
    theirs = Membership.objects.active().filter(user=user_id, organization__in=mine.values("organization"))
    owned = mine.owners().filter(organization=OuterRef("organization"))
    shared = theirs.annotate(owned=Exists(owned)).select_related("user").order_by("-owned").first()
    if shared is None or shared.user is None:
        return None
    return VisibleUser(shared.user, shared.owned)  # type: ignore[attr-defined]
