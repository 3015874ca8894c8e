"""Apply the rules of the gate to the API, with refusals that Terraform's clients can show.

Handlers behind it take (call, access): an organization, and the role of the caller in it. The URL carries
the organization's name or its team's id. An object with an id of its own goes through `access_to` of the
organization that it belongs to.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call
from accounts.api.errors import forbidden, not_found
from accounts.api.gates import check_sudo, token_not_verified
from accounts.database.prepared import Prepared
from accounts.factors.levels import proved_level
from accounts.jsonapi.errors import ApiError
from accounts.models import ANY_METHOD, ApiToken, User
from accounts.models.public_ids import row_id
from organizations.access.gate import (
    active_membership,
    enrolment_path,
    is_locked_out,
    membership_of,
    missing_level,
)
from organizations.access.rights import check_user_token
from organizations.exceptions import MembershipGone, NoLongerAllowed, OrganizationGone, UserTokensRefused
from organizations.models import Membership, MembershipQuerySet, Organization, OrganizationToken, Right
from organizations.policy import two_factor


@dataclass(frozen=True)
class Access:
    """An organization, and the member or the organization token that the gate admitted to it."""

    organization: Organization
    membership: Membership | None = None
    token: OrganizationToken | None = None
    conformant: bool | None = None  # whether every owner is enrolled; None if not read yet
    is_locked_out: bool = False  # a member, or a member's token, that may see only that it exists

    @property
    def is_conformant(self) -> bool:
        return two_factor.is_conformant(self.organization) if self.conformant is None else self.conformant

    @property
    def sees_team(self) -> bool:
        """Whether the caller sees the owners' team. The organization's own token does not."""
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

# A plan for all values could not use the partial index of owners without two-factor.
OF_USER_AND_OWNERS: Prepared[Membership] = Prepared(
    lambda user, name_key: active_membership(user, name_key).annotate(
        unenrolled_owner=Exists(UNENROLLED_OWNERS)
    ),
    planned_once=False,
)

GatedHandler = Callable[[Call, Access], HttpResponse]
RoutedHandler = Callable[..., HttpResponse]  # (call, **arguments of the route)
AccessLookup = Callable[..., Access]


def member_required(handler: GatedHandler) -> RoutedHandler:
    """Require a member or a token of the organization. The policy must admit a member."""
    return guard(handler, access_by_name, right=None, sudo=False)


def right_required(right: Right, *, sudo: bool = False) -> Callable[[GatedHandler], RoutedHandler]:
    """Require the right; with `sudo`, require a token that counts as sudo (D6)."""
    return lambda handler: guard(handler, access_by_name, right=right, sudo=sudo)


def team_required(
    right: Right | None = None, *, sudo: bool = False
) -> Callable[[GatedHandler], RoutedHandler]:
    """Like `right_required`, by the id of the owners' team. The caller must be able to see the team."""
    return lambda handler: guard(handler, access_to_team, right=right, sudo=sudo)


def guard(handler: GatedHandler, find: AccessLookup, *, right: Right | None, sudo: bool) -> RoutedHandler:
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
    """Turn refusals of a verb into the errors that the gate raises for them."""
    try:
        yield
    except NoLongerAllowed as error:
        raise forbidden(str(error)) from error
    except UserTokensRefused as error:  # 403, as Terraform's SDK drops the details of a 401
        raise ApiError(403, error.code, str(error)) from error
    except (OrganizationGone, MembershipGone) as error:
        raise not_found() from error


def access_by_name(call: Call, organization_name: str) -> Access:
    """Return the access to an organization. Raises 404 without access.

    Raises 403 if the organization does not accept personal tokens, and if the policy locks out.
    """
    if isinstance(call.token, OrganizationToken):
        if call.token.organization.name.lower() != organization_name.lower():
            raise not_found()
        return Access(call.token.organization, token=call.token)
    membership = membership_of(call.user, organization_name, OF_USER_AND_OWNERS)
    if membership is None:
        raise not_found()
    with gate_errors():
        check_user_token(membership.organization, call.token)
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


def own_memberships(call: Call) -> MembershipQuerySet:
    """Return the memberships of the caller, in order of the name, also where the token opens nothing."""
    mine = Membership.objects.active().filter(user=call.user).order_by("organization_key")
    return mine.select_related("organization").annotate(unenrolled_owner=Exists(UNENROLLED_OWNERS))


def access_of(row: Membership, user: User) -> Access:
    """Return the access that a row of `own_memberships` gives a token of its user."""
    return of_member(row, is_locked_out=is_closed(user, row.organization))


def is_closed(user: User, organization: Organization) -> bool:
    """Return whether this user's token may see no more than that the organization exists."""
    return not organization.user_tokens_enabled or is_locked_out(user, organization)


def access_to(call: Call, organization: Organization) -> Access:
    """Return the access to the organization of an object that has an id of its own."""
    return access_by_name(call, organization.name)


def access_to_team(call: Call, team_id: str) -> Access:
    """Return the access to the organization of this team. Raises 404 if the caller can't see the team."""
    pk = row_id("team", team_id)
    organization = None if pk is None else Organization.objects.filter(pk=pk).first()
    if organization is None:
        raise not_found()
    access = access_to(call, organization)
    if not access.sees_team:
        raise not_found()
    return access


def check_policy(user: User, organization: Organization) -> None:
    """Raise D2's 403, which the terraform CLI shows, if the policy locks this token out."""
    if not is_locked_out(user, organization):
        return
    if not (level := missing_level(user, organization)):
        raise token_not_verified() if not user.is_verified() else token_of_weak_method(organization)
    path = enrolment_path(reverse("organizations:detail", args=[organization.name]))
    detail = _("%(name)s requires two-factor authentication. Enable it for your account: %(address)s")
    if level > ANY_METHOD:
        detail = _(
            "%(name)s requires an authenticator app, and doesn't accept text messages. Add one to your "
            "account: %(address)s"
        )
    words = {"name": organization.name, "address": settings.SITE_URL + path}
    raise ApiError(403, "two-factor required", detail % words)


def token_of_weak_method(organization: Organization, path: str = "") -> ApiError:
    """Return the 403 for a token behind which a method stands that does not count here.

    `path` is the page that makes such tokens, by default that of personal ones.
    """
    detail = _(
        "%(name)s doesn't accept text messages, and this token was created after signing in with one. Sign "
        "in with your authenticator app, and generate a new token: %(address)s"
    )
    words = {"name": organization.name, "address": settings.SITE_URL + (path or reverse("accounts:tokens"))}
    return ApiError(403, "two-factor required", detail % words)


def check_right(call: Call, access: Access, right: Right, *, sudo: bool = False) -> None:
    """Raise 403 unless the access includes the right and, with `sudo`, the token counts as sudo."""
    if not access.may(right):
        raise forbidden(
            _("Only owners of %(name)s can do that.") % {"name": access.organization.name}
            if isinstance(call.token, ApiToken)
            else _("This needs a personal token, or the token of another team.")
        )
    if not sudo:
        return
    check_sudo(call)
    token, organization = access.token, access.organization
    if token and proved_level(token.method, verified=token.verified) < organization.required_level:
        page = reverse("organizations:tokens", args=[organization.name])
        raise token_of_weak_method(organization, page) if token.verified else token_not_verified(page)
