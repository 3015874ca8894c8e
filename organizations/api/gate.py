"""The gate as the API has it: the same rules, and refusals that Terraform's clients can show.

Handlers behind it take (call, access): an organization, and as whom the caller is in it. The address carries
the organization's name or its team's id. What is reached by an id of its own comes through here, too: by
`access_to` of the organization that it belongs to.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call, forbidden, not_found
from accounts.api.gates import check_sudo, token_not_verified
from accounts.database.prepared import Prepared
from accounts.jsonapi.errors import ApiError
from accounts.models import ApiToken, User
from accounts.models.public_ids import row_id
from organizations.access.gate import enrolment_path, is_locked_out, membership_of, memberships
from organizations.exceptions import MembershipGone, NoLongerAllowed, OrganizationGone
from organizations.models import Membership, Organization, OrganizationToken, Right
from organizations.policy import two_factor


@dataclass(frozen=True)
class Access:
    """An organization that the gate let somebody into: a member, or one of its own tokens."""

    organization: Organization
    membership: Membership | None = None
    token: OrganizationToken | None = None
    conformant: bool | None = None  # whether every owner is enrolled; None where that was not asked yet
    is_locked_out: bool = False  # a member to whom the policy tells that it is there, and no more

    @property
    def is_conformant(self) -> bool:
        return two_factor.is_conformant(self.organization) if self.conformant is None else self.conformant

    @property
    def sees_team(self) -> bool:
        """Whether the owners' team is there for it; for the organization's own token it is not."""
        return self.token is None or self.token.kind == OrganizationToken.Kind.OWNERS

    def may(self, right: Right) -> bool:
        if self.is_locked_out:
            return False
        if self.token is not None:
            return right in self.token.rights
        return self.membership is not None and self.membership.is_owner


UNENROLLED_OWNERS = (
    Membership.objects.owners().without_two_factor().filter(organization=OuterRef("organization"))
)

OF_USER_AND_OWNERS: Prepared[Membership] = Prepared(
    lambda user, name_key: memberships(user, name_key).annotate(unenrolled_owner=Exists(UNENROLLED_OWNERS))
)

GatedHandler = Callable[[Call, Access], HttpResponse]
RoutedHandler = Callable[..., HttpResponse]  # (call, and what the route carries, by its name)
Lookup = Callable[..., Access]


def member_required(handler: GatedHandler) -> RoutedHandler:
    """Only for members and for the organization's own tokens, and only when the policy lets them in."""
    return guard(handler, access_by_name, right=None, sudo=False)


def right_required(right: Right, *, sudo: bool = False) -> Callable[[GatedHandler], RoutedHandler]:
    """Only for who has the right; with `sudo`, only by a token that stands for it (D6)."""
    return lambda handler: guard(handler, access_by_name, right=right, sudo=sudo)


def team_required(
    right: Right | None = None, *, sudo: bool = False
) -> Callable[[GatedHandler], RoutedHandler]:
    """The same by the id of the owners' team, and only for who sees that there is one."""
    return lambda handler: guard(handler, access_to_team, right=right, sudo=sudo)


def guard(handler: GatedHandler, find: Lookup, *, right: Right | None, sudo: bool) -> RoutedHandler:
    @wraps(handler)
    def guarded(call: Call, **route: str) -> HttpResponse:
        access = find(call, **route)
        if right is not None:
            check_right(call, access, right, sudo=sudo)
        with gate_errors():
            return handler(call, access)

    guarded.gate = (right, sudo)  # type: ignore[attr-defined]
    return guarded


@contextmanager
def gate_errors() -> Iterator[None]:
    """Say what a verb finds under its lock as the gate would say it now."""
    try:
        yield
    except NoLongerAllowed as error:
        raise forbidden(str(error)) from error
    except (OrganizationGone, MembershipGone) as error:
        raise not_found() from error


def access_by_name(call: Call, organization_name: str) -> Access:
    """Return the access to an organization. Raises 404 for who has none, and 403 for who is locked out."""
    if isinstance(call.token, OrganizationToken):
        if call.token.organization.name.lower() != organization_name.lower():
            raise not_found()
        return Access(call.token.organization, token=call.token)
    membership = membership_of(call.user, organization_name, OF_USER_AND_OWNERS)
    if membership is None:
        raise not_found()
    check_policy(call.user, membership.organization)
    return of_member(membership)


def of_member(membership: Membership, *, is_locked_out: bool = False) -> Access:
    """Return the access of a membership that carries `unenrolled_owner`."""
    conformant = not membership.unenrolled_owner  # type: ignore[attr-defined]
    return Access(
        membership.organization,
        membership=membership,
        conformant=conformant,
        is_locked_out=is_locked_out,
    )


def own_accesses(call: Call) -> Iterable[Access]:
    """Yield all organizations that the caller is in, also those that are closed to it, by name."""
    if isinstance(call.token, OrganizationToken):
        yield Access(call.token.organization, token=call.token)
        return
    mine = Membership.objects.active().filter(user=call.user).order_by(Lower("organization__name"))
    for row in mine.select_related("organization").annotate(unenrolled_owner=Exists(UNENROLLED_OWNERS)):
        yield of_member(row, is_locked_out=is_locked_out(call.user, row.organization))


def access_to(call: Call, organization: Organization) -> Access:
    """Return the access to the organization of an object that was reached by its own id."""
    return access_by_name(call, organization.name)


def access_to_team(call: Call, team_id: str) -> Access:
    """Return the access to the organization whose owners' team that is. Raises 404 for who sees no team."""
    pk = row_id("team", team_id)
    organization = None if pk is None else Organization.objects.filter(pk=pk).first()
    if organization is None:
        raise not_found()
    access = access_to(call, organization)
    if not access.sees_team:
        raise not_found()
    return access


def check_policy(user: User, organization: Organization) -> None:
    """Raise D2's 403, which the terraform CLI shows, if the policy closes the organization to this token."""
    if not is_locked_out(user, organization):
        return
    if user.is_enrolled:
        raise token_not_verified()
    path = enrolment_path(reverse("organizations:detail", args=[organization.name]))
    detail = _("%(name)s requires two-factor authentication. Enable it for your account: %(address)s")
    words = {"name": organization.name, "address": settings.SITE_URL + path}
    raise ApiError(403, "two-factor required", detail % words)


def check_right(call: Call, access: Access, right: Right, *, sudo: bool = False) -> None:
    """Raise 403 for who is in, and may see that, but may not do this."""
    if not access.may(right):
        raise forbidden(
            _("That takes an owner of %(name)s.") % {"name": access.organization.name}
            if isinstance(call.token, ApiToken)
            else _("That takes the token of a person, or of another team.")
        )
    if not sudo:
        return
    check_sudo(call)
    if access.token and access.organization.is_mandatory and not access.token.verified:
        raise token_not_verified(reverse("organizations:tokens", args=[access.organization.name]))
