"""Require two-factor authentication in an organization, or lift the requirement.

The gates read the policy on each request. It is never written to members, so turning it on updates one row at
any size.
"""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import outbox
from accounts.audit import Actor
from accounts.models import User
from accounts.sessions.locks import acting
from organizations import news
from organizations.access.gate import enrolment_path
from organizations.access.rights import lock_with_right
from organizations.events import Event, record
from organizations.listed import Listed
from organizations.models import AuthPolicy, Membership, Organization, OrganizationCounts
from organizations.news import MEMBERS_WITHOUT_TWO_FACTOR, OWNERS
from organizations.policy.exceptions import (
    NewOwnerNotEnrolled,
    OwnerKeepsTwoFactor,
    OwnersNotEnrolled,
    ReactivatedOwnerNotEnrolled,
)


def unenrolled_owners(organization: Organization) -> Listed:
    """Return who of the owners has no two-factor, which prevents requiring it. Marks deactivated accounts.

    They count as well: once they are active again, they would own it without two-factor.
    """
    owners = organization.memberships.owners().without_two_factor().order_by("username_key")
    return Listed.of(owners.select_related("user"), name_shown)


def name_shown(owner: Membership) -> str:
    active = owner.user is not None and owner.user.is_active
    return owner.username if active else _("%(name)s (deactivated)") % {"name": owner.username}


def is_conformant(organization: Organization) -> bool:
    """Return whether every owner is enrolled: `two-factor-conformant` in the API."""
    return not organization.memberships.owners().without_two_factor().exists()


def set_auth_policy(organization: Organization, policy: AuthPolicy, *, actor: Actor) -> Organization:
    """Require two-factor authentication, or lift the requirement. The same policy again is not a change.

    Raises OwnersNotEnrolled, NoLongerAllowed, OrganizationGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor)
        change_policy(organization, policy, actor=actor)
    return organization


def change_policy(organization: Organization, policy: AuthPolicy, *, actor: Actor) -> None:
    """Like `set_auth_policy`, for a caller who holds the organization's lock."""
    if organization.collaborator_auth_policy == policy:
        return
    if policy == AuthPolicy.TWO_FACTOR_MANDATORY and (missing := unenrolled_owners(organization)):
        raise OwnersNotEnrolled(missing)
    organization.collaborator_auth_policy = policy
    organization.auth_policy_changed_at = timezone.now()
    organization.save(update_fields=["collaborator_auth_policy", "auth_policy_changed_at"])
    record(Event.AUTH_POLICY_CHANGED, organization, actor=actor, policy=str(policy))
    notify_members(organization)


def notify_members(organization: Organization) -> None:
    """Mail all owners and all members who are locked out: at most two rows for any number of people."""
    name, key = organization.name, str(organization.pk)
    if not organization.is_mandatory:
        outbox.broadcast("organization_lifted_two_factor", audience=OWNERS, key=key, organization_name=name)
        return
    outbox.broadcast(
        "organization_requires_two_factor_owners", audience=OWNERS, key=key, organization_name=name
    )
    outbox.broadcast(
        "organization_requires_two_factor",
        audience=MEMBERS_WITHOUT_TWO_FACTOR,
        key=key,
        organization_name=name,
        enrol_url=settings.SITE_URL + enrolment_path(reverse("organizations:detail", args=[name])),
    )


def check_new_owner(organization: Organization, user: User) -> None:
    """Raise NewOwnerNotEnrolled if this user can't become an owner. The caller holds both locks."""
    if organization.is_mandatory and not user.is_enrolled:
        raise NewOwnerNotEnrolled(name=user.username)


def veto_disable(
    sender: type[User], *, user: User, forced: bool, lock: bool, **kwargs: Any
) -> tuple[int, ...]:
    """Refuse to disable two-factor while the user owns a mandatory organization, unless forced (break-glass).

    Returns the ids of the organizations that the user owns, locked if `lock` is true. Otherwise the caller
    holds the user's lock and compares the ids: locking organizations then would break the lock order.
    Raises OwnerKeepsTwoFactor.
    """
    owned = Organization.objects.owned_by(user).order_by("pk")
    if lock:
        owned = owned.select_for_update(no_key=True, of=("self",))
    organizations = list(owned)
    names = [organization.name for organization in organizations if organization.is_mandatory]
    if names and not forced:
        raise OwnerKeepsTwoFactor(user.username, names)
    return tuple(organization.pk for organization in organizations)


def veto_reactivation(sender: type[User], *, user: User, active: bool, **kwargs: Any) -> None:
    """Refuse to activate an owner who breaks the policy of an organization, unless break-glass did that.

    Requiring it counts inactive owners, so this is so only after a change behind the back of the verbs. Locks
    nothing. Raises ReactivatedOwnerNotEnrolled.
    """
    if not active or user.is_enrolled or user.two_factor_forced_off_at is not None:
        return
    owned = Membership.objects.owners().filter(user=user).mandatory().order_by("organization__name")
    if names := list(owned.values_list("organization__name", flat=True)):
        raise ReactivatedOwnerNotEnrolled(user.username, names)


def consequences(sender: type[User], *, user: User, **kwargs: Any) -> dict[str, list[str]]:
    """Return the organizations that refuse to let this user disable two-factor, and those it would lock."""
    rows = (
        Membership.objects.active()
        .filter(user=user)
        .mandatory()
        .order_by("organization__name")
        .values_list("organization__name", "is_owner")
    )
    found: dict[str, list[str]] = {"refused_by": [], "locks": []}
    for name, is_owner in rows:
        found["refused_by" if is_owner else "locks"].append(name)
    return found


def mirror(sender: type[User], *, user: User, enabled: bool, **kwargs: Any) -> None:
    """Copy the two-factor state of a user to the memberships. The caller holds the user's lock."""
    stale = Membership.objects.active().filter(user=user, two_factor_enabled=not enabled)
    rows = list(stale.order_by("pk").select_for_update(no_key=True).values_list("pk", "organization_id"))
    if not rows:
        return
    Membership.objects.filter(pk__in=[pk for pk, _ in rows]).update(two_factor_enabled=enabled)
    OrganizationCounts.objects.add(
        [organization_id for _, organization_id in rows],
        members_without_two_factor=-1 if enabled else 1,
    )
