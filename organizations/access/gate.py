"""The one place that turns an organization's name into an Organization, or refuses.

Routes carry `organization_name`, views take `organization` and `membership`: a view without a gate fails on
its first call. Everything is decided on live state, in one query, on each request.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import reverse

from accounts.database.prepared import Prepared
from accounts.models import User
from accounts.sessions.requests import SignedInRequest
from organizations.exceptions import (
    NoLongerAllowed,
    OrganizationGone,
    TwoFactorRequired,
)
from organizations.models import (
    Membership,
    MembershipQuerySet,
    Organization,
)

P = ParamSpec("P")
OrganizationView = Callable[Concatenate[SignedInRequest, Organization, Membership, P], HttpResponse]
RoutedView = Callable[Concatenate[SignedInRequest, str, P], HttpResponse]
Check = Callable[[SignedInRequest, Membership], None]


def memberships(user: int, name_key: str) -> MembershipQuerySet:
    """Return what a gate reads: whether a user (an id) is in an organization (a name in lower case)."""
    found = Membership.objects.active().in_organization(name_key).filter(user=user)
    return found.select_related("organization__counts")


OF_USER = Prepared(memberships)


def member_required(view: OrganizationView[P]) -> RoutedView[P]:
    """Only for members, and only for sessions that satisfy the organization's policy."""
    return guard(view, check_policy)


def owner_required(view: OrganizationView[P]) -> RoutedView[P]:
    """Only for owners, and only for sessions that satisfy the organization's policy."""
    return guard(view, check_policy, check_owner)


def membership_required_despite_policy(view: OrganizationView[P]) -> RoutedView[P]:
    """For members whatever the policy says: the locked-out page and leaving, and nothing else."""
    return guard(view)


def guard(view: OrganizationView[P], *checks: Check) -> RoutedView[P]:
    @wraps(view)
    def guarded(
        request: SignedInRequest, organization_name: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        membership = membership_or_404(request, organization_name)
        for check in checks:
            check(request, membership)
        try:
            return view(request, membership.organization, membership, *args, **kwargs)
        except NoLongerAllowed as error:  # what a verb found under its lock is what the gate would say now
            raise PermissionDenied from error
        except OrganizationGone as error:
            raise Http404 from error

    return cast("RoutedView[P]", guarded)


def membership_or_404(request: SignedInRequest, organization_name: str) -> Membership:
    """Whoever is not a member can't tell whether the organization exists."""
    membership = membership_of(request.user, organization_name)
    if membership is None:
        raise Http404
    return membership


def membership_of(
    user: User, organization_name: str, read: Prepared[Membership] = OF_USER
) -> Membership | None:
    """Return the membership, with its organization, in one statement; or None, whatever the reason.

    `read` is one made of `memberships`, and may carry more.
    """
    return read.first(user=user.pk, name_key=organization_name.lower())


def check_policy(request: SignedInRequest, membership: Membership) -> None:
    if is_locked_out(request.user, membership.organization):
        raise TwoFactorRequired(membership.organization)


def check_owner(request: SignedInRequest, membership: Membership) -> None:
    if not membership.is_owner:
        raise PermissionDenied


def is_locked_out(user: User, organization: Organization) -> bool:
    """Whether the policy closes it to this session or token: not enrolled, or not verified (R43).

    Of many at once, `MembershipQuerySet.open_to` asks the same.
    """
    return organization.is_mandatory and not (user.is_enrolled and user.is_verified())


def enrolment_path(next_path: str) -> str:
    """Return where to set up two-factor authentication on the way to another page."""
    return f"{reverse('accounts:two_factor')}?{urlencode({'next': next_path})}"
