"""Give every page the organizations and invitations of the signed-in user, for the top bar."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone

from accounts.database.prepared import Prepared
from accounts.models import User
from accounts.sessions.requests import SignedInRequest
from organizations.access.gate import is_locked_out
from organizations.models import Membership, confirmed_address

OF_PERSON = Prepared(
    lambda user_id, address, now: (
        Membership.objects.of(user_id, address).current_at(now).select_related("organization")
    )
)


@dataclass(frozen=True)
class SwitcherEntry:
    """One organization in the switcher."""

    name: str
    is_owner: bool
    is_mandatory: bool
    locked_out: bool


class Switcher:
    """The user's organizations and invitations. Runs one query on first use, and none on other pages."""

    def __init__(self, request: SignedInRequest) -> None:
        self.request = request

    @cached_property
    def rows(self) -> list[Membership]:
        user = getattr(self.request, "user", None)
        if not isinstance(user, User):
            return []
        rows = OF_PERSON.all(user_id=user.pk, address=confirmed_address(user), now=timezone.now())
        return sorted(rows, key=lambda row: row.organization.name.lower())

    @cached_property
    def organizations(self) -> list[SwitcherEntry]:
        return [self.entry(row) for row in self.rows if not row.is_invited]

    @cached_property
    def invitations(self) -> list[Membership]:
        """Open invitations, without those to organizations that the user has already joined."""
        joined = {row.organization_id for row in self.rows if not row.is_invited}
        return [row for row in self.rows if row.is_invited and row.organization_id not in joined]

    @cached_property
    def current(self) -> SwitcherEntry | None:
        match = self.request.resolver_match
        name = match.kwargs.get("organization_name", "").lower() if match else ""
        return next((entry for entry in self.organizations if entry.name.lower() == name), None)

    def entry(self, row: Membership) -> SwitcherEntry:
        organization = row.organization
        return SwitcherEntry(
            organization.name,
            row.is_owner,
            organization.is_mandatory,
            is_locked_out(self.request.user, organization),
        )


def switcher(request: SignedInRequest) -> dict[str, Callable[[], Any]]:
    """Return callables for the templates: no query runs until a template uses one."""
    found = Switcher(request)
    return {
        "organizations": lambda: found.organizations,
        "invitations": lambda: found.invitations,
        "current_organization": lambda: found.current,
    }
