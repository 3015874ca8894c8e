"""Turn the organization's name in a route into an Organization, or refuse the request.

Routes carry `organization_name`, views take `organization` and `membership`: a view without a gate fails on
its first call. Each request is decided on current data, in one query.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.database.prepared import Prepared
from accounts.factors.levels import proof_level
from accounts.models import ANY_METHOD, Level, User
from accounts.sessions.assurance import asks_for_sudo, match_of
from accounts.sessions.requests import SignedInRequest
from accounts.web.times import day
from organizations.exceptions import NoLongerAllowed, OrganizationGone, TwoFactorRequired
from organizations.models import Membership, MembershipQuerySet, Organization

P = ParamSpec("P")
OrganizationView = Callable[Concatenate[SignedInRequest, Organization, Membership, P], HttpResponseBase]
RoutedView = Callable[Concatenate[SignedInRequest, str, P], HttpResponse]
Check = Callable[[SignedInRequest, Membership], None]


def active_membership(user: int, name_key: str) -> MembershipQuerySet:
    """Return the active membership of a user (an id) in an organization (its name in lower case)."""
    found = Membership.objects.active().in_organization(name_key).filter(user=user)
    return found.select_related("organization__counts")


OF_USER = Prepared(active_membership)


def member_required(view: OrganizationView[P]) -> RoutedView[P]:
    """Require a member whose session satisfies the organization's policy."""
    return guard(view, check_policy)


def owner_required(view: OrganizationView[P]) -> RoutedView[P]:
    """Require an owner whose session satisfies the organization's policy."""
    return guard(view, check_policy, check_owner)


def membership_required_despite_policy(view: OrganizationView[P]) -> RoutedView[P]:
    """Require a member, but ignore the policy. Use it for the locked-out page and for leaving only."""
    return guard(view)


def guard(view: OrganizationView[P], *checks: Check) -> RoutedView[P]:
    @wraps(view)
    def guarded(
        request: SignedInRequest, organization_name: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        membership = membership_or_404(request, organization_name)
        for check in checks:
            check(request, membership)
        try:
            return view(request, membership.organization, membership, *args, **kwargs)
        except NoLongerAllowed as error:  # the right was lost between the gate and the verb's lock
            raise PermissionDenied from error
        except OrganizationGone as error:
            raise Http404 from error

    if not hasattr(guarded, "sudo_to"):  # where the policy asks for the second factor, not the view
        asks_for_sudo(gettext_lazy("open this organization"))(guarded)
    return cast("RoutedView[P]", guarded)


def membership_or_404(request: SignedInRequest, organization_name: str) -> Membership:
    """Return the membership of the user. Raises Http404, which hides whether the organization exists."""
    membership = membership_of(request.user, organization_name)
    if membership is None:
        raise Http404
    return membership


def membership_of(
    user: User, organization_name: str, read: Prepared[Membership] = OF_USER
) -> Membership | None:
    """Return the membership with its organization, in one statement, or None if there is none.

    `read` is `memberships` as a prepared read, possibly with extra annotations.
    """
    return read.first(user=user.pk, name_key=organization_name.lower())


def check_policy(request: SignedInRequest, membership: Membership) -> None:
    if is_locked_out(request.user, membership.organization):
        raise TwoFactorRequired(membership.organization)


def check_owner(request: SignedInRequest, membership: Membership) -> None:
    if not membership.is_owner:
        raise PermissionDenied


def is_locked_out(user: User, organization: Organization) -> bool:
    """Return whether what is required locks this session or token out (R43).

    The person must have set up a method that counts, and this session or token must be proved by one (D45).
    `MembershipQuerySet.open_to` is the same rule as a query.
    """
    return organization.required_level > effective_level(user)


def effective_level(user: User) -> Level:
    """Return the level of this session or token: what is set up or what proved it, the lower of both."""
    return min(user.level, proof_level(user))


def missing_level(user: User, organization: Organization) -> Level:
    """Return the level that the person has yet to set up for this organization; NONE if nothing is missing.

    Somebody with nothing missing who is locked out only has to prove it.
    """
    level = organization.required_level
    return level if level > user.level else Level.NONE


def enrolment_path(next_path: str) -> str:
    """Return the path of the two-factor page, which leads on to `next_path` after enrolment."""
    return f"{reverse('accounts:two_factor')}?{urlencode({'next': next_path})}"


def demand_of(user: User, path: str, beyond: Level = Level.NONE) -> str:
    """Return that the organization of this page requires more than a level, if the user is a member of it."""
    match = match_of(path)
    name = match.kwargs.get("organization_name") if match else None
    membership = membership_of(user, name) if name else None
    return in_words(membership.organization, beyond) if membership else ""


def in_words(organization: Organization, beyond: Level = Level.NONE) -> str:
    """Say what an organization requires, now or from a date on, to somebody who is led back there; or "".

    Only what is more than the level `beyond` is said.
    """
    at = organization.required_from
    required, coming = organization.required_level, organization.coming_level
    if required > beyond:
        text = _("%(name)s requires two-factor authentication. You will be taken back there.")
        if required > ANY_METHOD:
            text = _(
                "%(name)s requires an authenticator app, not text messages. You will be taken back there."
            )
    elif at is None or coming <= max(required, beyond):
        return ""
    else:
        text = _(
            "%(name)s requires two-factor authentication from %(date)s on. You will be taken back there."
        )
        if coming > ANY_METHOD:
            text = _(
                "%(name)s requires an authenticator app, not text messages, from %(date)s on. You will be "
                "taken back there."
            )
    return text % {"name": organization.name, "date": day(at) if at else ""}
