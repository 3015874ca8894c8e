"""Give every page the organizations and invitations of the signed-in user, for the top bar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from django.db.models import Count, F, Q, Window
from django.db.models.functions import Lower, RowNumber
from django.utils import timezone

from accounts.database.prepared import Prepared
from accounts.models import User
from accounts.sessions.requests import SignedInRequest
from organizations.access.gate import is_locked_out
from organizations.access.rights import may_create_organizations
from organizations.models import AuthPolicy, Membership, MembershipQuerySet, confirmed_address, latest_end

MOST_SHOWN = 20  # organizations, and as many invitations: the page "Organizations" has the others
MOST_READ = MOST_SHOWN + 2  # one may be that of the page, which is shown in any case; another one is one more


def of_person(
    user_id: int, address: str, now: datetime, latest: datetime, name_key: str
) -> MembershipQuerySet:
    """Return a user's first organizations and invitations, and the organization with this name.

    Each row says how many of its kind there are that require two-factor authentication, shown or not.
    """
    shown = Membership.objects.shown_to(user_id, address, now, latest)
    order = Window(RowNumber(), partition_by=F("status"), order_by=Lower("organization__name"))
    mandatory = Q(organization__collaborator_auth_policy=AuthPolicy.TWO_FACTOR_MANDATORY)
    demanding = Window(Count("pk", filter=mandatory), partition_by=F("status"))
    rows = shown.annotate(place=order, demanding=demanding, name_key=Lower("organization__name"))
    return rows.filter(Q(place__lte=MOST_READ) | Q(name_key=name_key)).select_related("organization")


OF_PERSON = Prepared(of_person)


@dataclass(frozen=True)
class SwitcherEntry:
    """One organization in the switcher."""

    name: str
    is_owner: bool
    is_mandatory: bool
    locked_out: bool
    policy_since: datetime | None  # when the policy was set, if it ever was

    @classmethod
    def of(cls, row: Membership, user: User) -> Self:
        organization = row.organization
        return cls(
            organization.name,
            row.is_owner,
            organization.is_mandatory,
            is_locked_out(user, organization),
            organization.auth_policy_changed_at,
        )


@dataclass(frozen=True)
class OrganizationsPage:
    """A page of the list of all organizations of a user."""

    entries: list[SwitcherEntry]
    has_next: bool


def organizations_page(user: User, number: int, begins: str = "") -> OrganizationsPage:
    """Return the page with this number, from 1 on, in order of name, of those whose name begins like that."""
    start = (number - 1) * MOST_SHOWN
    rows = Membership.objects.active().filter(user=user).order_by(Lower("organization__name"))
    if begins:
        rows = rows.alias(name_key=Lower("organization__name")).filter(name_key__startswith=begins.lower())
    found = list(rows.select_related("organization")[start : start + MOST_SHOWN + 1])
    entries = [SwitcherEntry.of(row, user) for row in found[:MOST_SHOWN]]
    return OrganizationsPage(entries, len(found) > MOST_SHOWN)


class Switcher:
    """The user's organizations and invitations. Runs one query on first use, and none on other pages."""

    def __init__(self, request: SignedInRequest) -> None:
        self.request = request

    @cached_property
    def rows(self) -> list[Membership]:
        user = getattr(self.request, "user", None)
        if not isinstance(user, User):
            return []
        now = timezone.now()
        rows = OF_PERSON.all(
            user_id=user.pk,
            address=confirmed_address(user),
            now=now,
            latest=latest_end(now),
            name_key=self.name_key,
        )
        return sorted(rows, key=lambda row: row.organization.name.lower())

    @property
    def name_key(self) -> str:
        """Return the name of the page's organization in lower case, or ""."""
        match = self.request.resolver_match
        name: str = match.kwargs.get("organization_name", "") if match else ""
        return name.lower()

    @cached_property
    def joined(self) -> list[SwitcherEntry]:
        return [SwitcherEntry.of(row, self.request.user) for row in self.rows if not row.is_invited]

    @property
    def organizations(self) -> list[SwitcherEntry]:
        """The first MOST_SHOWN in order of name, and the current one."""
        return [
            entry
            for number, entry in enumerate(self.joined)
            if number < MOST_SHOWN or entry.name.lower() == self.name_key
        ]

    @property
    def has_more(self) -> bool:
        return len(self.joined) > len(self.organizations)

    @property
    def demanding(self) -> int:
        """How many of all the user's organizations require two-factor authentication."""
        return next((row.demanding for row in self.rows if not row.is_invited), 0)  # type: ignore[attr-defined]

    @cached_property
    def invited(self) -> list[Membership]:
        return [row for row in self.rows if row.is_invited]

    @property
    def invitations(self) -> list[Membership]:
        """The first MOST_SHOWN open ones, without those to organizations that the user has already joined."""
        return self.invited[:MOST_SHOWN]

    @property
    def may_create(self) -> bool:
        user = getattr(self.request, "user", None)
        return isinstance(user, User) and may_create_organizations(user)

    @cached_property
    def current(self) -> SwitcherEntry | None:
        return next((entry for entry in self.joined if entry.name.lower() == self.name_key), None)


def switcher_of(request: SignedInRequest) -> Switcher:
    """Return the one of this request, so that a page and its top bar share the query."""
    found: Switcher = request.__dict__.setdefault("_switcher", Switcher(request))
    return found


def switcher(request: SignedInRequest) -> dict[str, Callable[[], Any]]:
    """Return callables for the templates: no query runs until a template uses one."""
    found = switcher_of(request)
    return {
        "organizations": lambda: found.organizations,
        "has_more_organizations": lambda: found.has_more,
        "has_more_invitations": lambda: len(found.invited) > MOST_SHOWN,
        "invitations": lambda: found.invitations,
        "may_create_organizations": lambda: found.may_create,
        "current_organization": lambda: found.current,
    }
