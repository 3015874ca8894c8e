"""Say what becomes of each row of a list of people to invite, before anybody is.

A row with an address is judged by what owners see in their lists: confirmed addresses of members, and open
invitations. Whether an address has an account changes nothing here (D24).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.limits import Budget, Told
from accounts.models import User, login_key
from organizations.exceptions import UnknownUser
from organizations.members.invited_lists import Entry
from organizations.models import Organization
from organizations.news import ANOTHER_OWNER

AT_ONCE = 2_000  # keys of one statement
# A preview tells which usernames there are, and nobody hears of it. So it looks up about as many as the form
# that invites one person tells in a day; the others are looked up when they are invited.
MOST_NAMES = 100
PREVIEWS = Budget(
    "invite:preview",
    (30, 3600),
    (100, 86_400),
    told=Told(gettext_lazy("You have checked too many lists."), ANOTHER_OWNER),
)


class Fate(StrEnum):
    """What becomes of a row."""

    INVITED = "invited"
    RENEWED = "renewed"
    MEMBER = "member"
    DUPLICATE = "duplicate"
    WRONG = "wrong"


@dataclass(frozen=True)
class Judged:
    """A row of a list with its fate; `why` says more about one that is not invited."""

    entry: Entry
    fate: Fate
    why: str = ""

    @property
    def is_invited(self) -> bool:
        return self.fate in (Fate.INVITED, Fate.RENEWED)


@dataclass(frozen=True)
class Preview:
    """All rows of a list, in their order."""

    rows: Sequence[Judged]
    names_left: int = 0  # usernames that were not looked up

    @cached_property
    def invited(self) -> list[Judged]:
        return [row for row in self.rows if row.is_invited]

    @cached_property
    def wrong(self) -> list[Judged]:
        return [row for row in self.rows if row.fate == Fate.WRONG]

    @cached_property
    def skipped(self) -> list[Judged]:
        """Rows that are right, and of which nothing becomes: members, and duplicates."""
        return [row for row in self.rows if row.fate in (Fate.MEMBER, Fate.DUPLICATE)]

    @property
    def renewed(self) -> int:
        return sum(row.fate == Fate.RENEWED for row in self.rows)


def preview(organization: Organization, entries: Sequence[Entry], *, actor: Actor) -> Preview:
    """Return the fate of each entry. Writes nothing but the counter. Raises RateLimited."""
    limits.reserve((PREVIEWS, actor.source))
    keys = {login_key(entry.who) for entry in entries if entry.who}
    addresses = {key for key in keys if "@" in key}
    names = keys - addresses
    members = found(members_by_address(organization), addresses) | found(members_by_name(organization), names)
    invited = found(invitations_to_addresses(organization), addresses)
    invited |= found(invitations_to_names(organization), names)
    order = [login_key(entry.who) for entry in entries if entry.who]
    unknown = [key for key in dict.fromkeys(order) if key in names and key not in members | invited]
    known = found(users_by_name, unknown[:MOST_NAMES])
    missing = set(unknown[:MOST_NAMES]) - known
    rows = list(judged(entries, members, invited, missing))
    return Preview(rows, names_left=len(unknown[MOST_NAMES:]))


def judged(
    entries: Sequence[Entry], members: set[str], invited: set[str], missing: set[str]
) -> Iterator[Judged]:
    first: dict[str, int] = {}  # the row of each key
    for entry in entries:
        if not entry.who:
            yield Judged(entry, Fate.WRONG, entry.problem)
            continue
        key = login_key(entry.who)
        if key in first:
            yield Judged(entry, Fate.DUPLICATE, _("The same as row %(row)s.") % {"row": first[key]})
            continue
        first[key] = entry.position
        if key in missing:
            yield Judged(entry, Fate.WRONG, str(UnknownUser.message))
        elif key in members:
            yield Judged(entry, Fate.MEMBER, _("Already a member."))
        else:
            yield Judged(entry, Fate.RENEWED if key in invited else Fate.INVITED)


Find = Callable[[Collection[str]], Collection[str]]


def found(find: Find, keys: Collection[str]) -> set[str]:
    """Return those of the keys that `find` finds, asked for in portions."""
    ordered = list(keys)
    there: set[str] = set()
    for start in range(0, len(ordered), AT_ONCE):
        there.update(find(ordered[start : start + AT_ONCE]))
    return there


def members_by_address(organization: Organization) -> Find:
    rows = organization.memberships.active()
    return lambda keys: rows.filter(address_key__in=keys).values_list("address_key", flat=True)


def members_by_name(organization: Organization) -> Find:
    rows = organization.memberships.active()
    return lambda keys: rows.filter(username_key__in=keys).values_list("username_key", flat=True)


def invitations_to_addresses(organization: Organization) -> Find:
    rows = organization.memberships.invited().filter(user__isnull=True)
    return lambda keys: rows.filter(email__in=keys).values_list("email", flat=True)


def invitations_to_names(organization: Organization) -> Find:
    rows = organization.memberships.invited()
    return lambda keys: rows.filter(username_key__in=keys).values_list("username_key", flat=True)


def users_by_name(keys: Collection[str]) -> Collection[str]:
    rows = User.objects.alias(key=Lower("username")).filter(key__in=keys, is_active=True)
    return {name.lower() for name in rows.values_list("username", flat=True)}
