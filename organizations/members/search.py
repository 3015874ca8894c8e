"""The lists of the page "Users": members or invitations, all, without two-factor, or by a beginning.

Each look touches a few rows, whatever the size: lists are read along one index, and a search takes at most
MOST_FOUND rows from each of two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accounts.models import User, login_key
from organizations.models import Membership, MembershipQuerySet, Organization

MOST_FOUND = 200


@dataclass(frozen=True)
class Shown:
    """The rows of a list, and their number: None if a search has found more than MOST_FOUND."""

    rows: MembershipQuerySet
    total: int | None


def listed(
    organization: Organization, status: str = "", q: str = "", without_two_factor: bool = False
) -> Shown:
    """Return the members or the invitations that the page shows to owners. Numbers come from the counts."""
    invited = status == Membership.Status.INVITED
    memberships, counts = organization.memberships, organization.counts
    rows: MembershipQuerySet = memberships.invited() if invited else memberships.active()
    without_two_factor = without_two_factor and not invited
    if q:
        return found(rows, login_key(q), invited=invited, without_two_factor=without_two_factor)
    if without_two_factor:
        return Shown(rows.without_two_factor(), counts.members_without_two_factor)
    return Shown(rows, counts.invited if invited else counts.members)


def found(rows: MembershipQuerySet, key: str, *, invited: bool, without_two_factor: bool) -> Shown:
    """Return the rows whose username or address begins with `key`."""
    address = "email" if invited else "address_key"
    ids: set[int] = set()
    for column in ("username_key", address):
        # No order: that of the page would make the database sort all that match.
        ids.update(
            rows.filter(**{f"{column}__startswith": key}).values_list("pk", flat=True)[: MOST_FOUND + 1]
        )
    matching: MembershipQuerySet = Membership.objects.filter(pk__in=ids)
    if without_two_factor:
        matching = matching.without_two_factor()
    if len(ids) > MOST_FOUND:
        return Shown(matching, None)
    return Shown(matching, matching.count() if without_two_factor else len(ids))


def add_accounts(rows: Iterable[Membership]) -> None:
    """Set `account_is_active` and `address` of the members on a page, with one statement of its own.

    For owners only. The account of somebody who is invited stays unknown to them (D24).
    """
    members = {row.user_id: row for row in rows if not row.is_invited}
    accounts = User.objects.filter(pk__in=members.keys()).values_list("pk", "email", "is_active")
    for pk, email, is_active in accounts:
        members[pk].address, members[pk].account_is_active = email, is_active


def only_owner_among(
    organization: Organization, rows: Sequence[Membership], *, is_whole: bool
) -> Membership | None:
    """Return the only active owner if it is one of these rows: they can't stop being an owner.

    Call `add_accounts` first. With `is_whole` the rows are all members, and nothing is read.
    """
    owners = [row for row in rows if row.is_owner and row.account_is_active]
    if not owners or len(owners) > 1:
        return None
    others = organization.memberships.owners().filter(user__is_active=True).exclude(pk=owners[0].pk)
    return owners[0] if is_whole or not others.exists() else None
