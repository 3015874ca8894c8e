"""Give every page the organizations and invitations of the signed-in user, for the top bar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from django.urls import reverse
from django.utils import timezone

from accounts.database.first_rows import ids_of
from accounts.database.prepared import Prepared
from accounts.models import ANY_METHOD, Level, User
from accounts.sessions.requests import SignedInRequest
from accounts.web.numbered import NumberedPage, page_of_rows
from organizations.access.gate import effective_level, enrolment_path
from organizations.access.of_person import ORDER, joinable, parts
from organizations.access.rights import may_create_organizations
from organizations.models import Membership, MembershipQuerySet, confirmed_address, latest_end

MOST_SHOWN = 20  # organizations, and as many invitations: lists of their own have the others
MOST_READ = MOST_SHOWN + 2  # one may be that of the page, which is shown in any case; another one is one more


def of_person(
    user_id: int, address: str, now: datetime, latest: datetime, name_key: str
) -> MembershipQuerySet:
    """Return a user's first organizations and invitations, and the organization with this name.

    Each part is read along an index that has its order: one who is in thousands pays no more than others.
    """
    found = parts(user_id, address, joinable(user_id, now, latest))
    named = Membership.objects.active().filter(user=user_id).in_organization(name_key)
    first_rows = ids_of(*(part[:MOST_READ] for part in found), named)
    return Membership.objects.filter(pk__in=first_rows).select_related("organization")


OF_PERSON = Prepared(of_person)


@dataclass(frozen=True)
class SwitcherEntry:
    """One organization in the switcher."""

    name: str
    path: str
    is_owner: bool
    is_mandatory: bool
    locked_out: bool
    policy_since: datetime | None  # when the policy was set, if it ever was
    lacking: Level  # what it requires now, if the user has set up less
    coming: Level  # what it will require, if the user has set up less and it does not yet
    coming_from: datetime | None  # the date of that; it may be over, while owners are missing

    @classmethod
    def of(cls, row: Membership, user: User) -> Self:
        organization, has = row.organization, user.level
        required, coming = organization.required_level, organization.coming_level
        coming = coming if coming > has else Level.NONE
        return cls(
            organization.name,
            reverse("organizations:detail", args=[organization.name]),
            row.is_owner,
            required > Level.NONE,
            required > effective_level(user),
            organization.required_since,
            required if required > has else Level.NONE,
            coming,
            organization.required_from if coming else None,
        )

    @property
    def lacks_app(self) -> bool:
        """Whether an application is required, now or from the date on, and the user has none."""
        return max(self.lacking, self.coming) > ANY_METHOD

    @property
    def is_put_off(self) -> bool:
        return self.coming_from is not None and self.coming_from <= timezone.now()

    @property
    def enrol_url(self) -> str:
        """Return the path of the guided way in, which leads to the organization afterwards."""
        return enrolment_path(self.path)


def organizations_page(user: User, number: int, begins: str = "") -> NumberedPage[SwitcherEntry]:
    """Return the page with this number, from 1 on, in order of name, of those whose name begins like that."""
    rows = Membership.objects.active().filter(user=user).order_by(*ORDER).select_related("organization")
    if begins:
        rows = rows.filter(organization_key__begins=begins.lower())
    page = page_of_rows(rows, number)
    return page.with_rows([SwitcherEntry.of(row, user) for row in page.rows])


def invitations_page(user: User, number: int) -> NumberedPage[Membership]:
    """Return the page with this number of the user's open invitations, in order of name."""
    now = timezone.now()
    invited = joinable(user.pk, now, latest_end(now)).of_person(user)
    return page_of_rows(invited.order_by(*ORDER).select_related("organization"), number)


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

    @cached_property
    def invited(self) -> list[Membership]:
        return [row for row in self.rows if row.is_invited]

    @property
    def invitations(self) -> list[Membership]:
        """The first MOST_SHOWN open ones, without those to organizations that the user has already joined."""
        return self.invited[:MOST_SHOWN]

    @cached_property
    def dated(self) -> list[SwitcherEntry]:
        """The organizations that will require what the user has not set up, in order of their dates."""
        found = [(entry.coming_from, entry.name, entry) for entry in self.joined if entry.coming_from]
        return [entry for *_order, entry in sorted(found)]

    @cached_property
    def coming(self) -> SwitcherEntry | None:
        """The organization that is the next one to require what the user has not set up, for the banner.

        None on the pages that set it up.
        """
        if self.request.path.startswith(reverse("accounts:two_factor")):
            return None
        return self.dated[0] if self.dated else None

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
        "organization_coming": lambda: found.coming,
    }
