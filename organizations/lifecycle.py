"""Create, change and delete organizations."""

from datetime import datetime
from typing import TypedDict

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.exceptions import EmailNotConfirmed, RateLimited
from accounts.limits import Budget, Told
from accounts.models import User
from accounts.sessions.locks import acting, lock_acting_user
from organizations import news
from organizations.access.rights import lock_with_right, may_create_organizations
from organizations.announcements import Change, tell, tell_of_deletion
from organizations.events import Event, record
from organizations.exceptions import CreationNotAllowed, NameTaken
from organizations.models import (
    AuthPolicy,
    InvitationBatchRow,
    Membership,
    Organization,
    OrganizationCounts,
    OrganizationDay,
    Right,
    TwoFactorPeriod,
    confirmed_address,
    share_of,
)
from organizations.names import check_name
from organizations.policy.former_limits import end_with_membership
from organizations.policy.schedule import change_schedule, change_to_no_date, full_hour
from organizations.policy.two_factor import change_policy
from organizations.policy.user_sessions import change_sessions
from organizations.policy.user_tokens import change_user_tokens

# A name is taken from everybody for good. Counted for the person alone.
CREATIONS = Budget(
    "organization:create",
    (100, 3600),
    (300, 86_400),
    told=Told(
        gettext_lazy("You have created too many organizations."),
        gettext_lazy("Other people can create one at once. Pages and programs are counted separately."),
    ),
)


class Changes(TypedDict, total=False):
    """Fields of an organization to change at once; missing ones stay. Session lengths are in minutes."""

    email: str
    collaborator_auth_policy: AuthPolicy
    accepted_level: int
    required_from: datetime | None
    scheduled_level: int
    session_timeout: int | None
    session_remember: int | None
    user_tokens_enabled: bool


def create_organization(
    name: str, email: str, *, owner: User, actor: Actor, changes: Changes | None = None
) -> Organization:
    """Create and return an organization with its first owner; `changes` replace default values.

    Raises InvalidName, ReservedName, NameTaken, CreationNotAllowed, EmailNotConfirmed, RateLimited,
    SessionEnded, and with `changes` OwnersNotEnrolled, DateOutOfRange, RequiredAlready, SessionOutOfRange,
    TokenWouldEndItself.
    """
    check_name(name)
    if not may_create_organizations(owner):
        raise CreationNotAllowed
    limits.reserve((CREATIONS, f"{owner.pk}:{actor.source}"))
    with acting(actor):
        organization = insert_organization(name, email)
        owner = lock_acting_user(owner)
        if not owner.email_confirmed:
            raise EmailNotConfirmed
        now = timezone.now()
        founder = Membership(
            organization=organization,
            user=owner,
            username=owner.username,
            address_key=confirmed_address(owner),
            is_owner=True,
            status=Membership.Status.ACTIVE,
            joined_at=now,
        )
        founder.copy_two_factor(owner)
        founder.save()
        TwoFactorPeriod.objects.begin([founder], owner.known_level, now)
        record(Event.CREATED, organization, actor=actor, user=owner)
        OrganizationCounts.objects.create(
            organization=organization,
            members=1,
            **share_of(owner.is_enrolled, owner.known_level),
        )
        OrganizationDay.objects.note([organization.pk])
        tell(organization, Change.FOUNDED, [owner], actor=actor)
        if changes:
            apply(changes, organization, actor=actor)
    return organization


def taken_name(name: str, *, owner: User, actor: Actor) -> NameTaken | None:
    """Return that the name is taken, or None, for somebody whose request fails anyway.

    So people learn all that is wrong at once. It counts as a creation: nobody tries names for ever, and who
    may not create organizations learns nothing.
    """
    if not may_create_organizations(owner):
        return None
    try:
        limits.reserve((CREATIONS, f"{owner.pk}:{actor.source}"))
    except RateLimited:
        return None
    return NameTaken() if Organization.objects.named(name).exists() else None


def insert_organization(name: str, email: str) -> Organization:
    if Organization.objects.named(name).exists():
        raise NameTaken
    try:
        return Organization.objects.create(name=name, email=email)
    except IntegrityError as error:  # a concurrent request took the name first
        raise NameTaken from error


def update_organization(organization: Organization, *, email: str, actor: Actor) -> Organization:
    """Change the contact address. The same address is not a change.

    Raises NoLongerAllowed, OrganizationGone, RateLimited, SessionEnded.
    """
    return change_organization(organization, {"email": email}, actor=actor)


def change_organization(organization: Organization, changes: Changes, *, actor: Actor) -> Organization:
    """Change several fields at once: all of them, or none if one is refused.

    An equal value is not a change. Raises OwnersNotEnrolled, DateOutOfRange, RequiredAlready,
    NothingScheduled, SessionOutOfRange, TokenWouldEndItself, UserTokensRefused, RateLimited, SessionEnded,
    NoLongerAllowed, OrganizationGone.
    """
    if changes.keys() - {"email"}:
        news.reserve_broadcast(organization, actor)
    right = Right.USER_TOKENS if changes.keys() <= {"user_tokens_enabled"} else Right.SETTINGS
    with acting(actor):
        organization = lock_with_right(organization, actor, right)
        apply(changes, organization, actor=actor)
    return organization


def apply(changes: Changes, organization: Organization, *, actor: Actor) -> None:
    """Like `change_organization`, for a caller who holds the organization's lock."""
    if "email" in changes:
        change_contact(organization, changes["email"], actor=actor)
    change_requirement(changes, organization, actor=actor)
    if "user_tokens_enabled" in changes:
        change_user_tokens(organization, changes["user_tokens_enabled"], actor=actor)
    change_sessions(
        organization,
        timeout=changes.get("session_timeout", organization.session_timeout),
        remember=changes.get("session_remember", organization.session_remember),
        actor=actor,
    )


def change_requirement(changes: Changes, organization: Organization, *, actor: Actor) -> None:
    """Change whether two-factor is required, which methods count, and the date from which it is required."""
    is_dated = bool(changes.keys() & {"required_from", "scheduled_level"})
    at, scheduled = changes.get("required_from", organization.required_from), organization.scheduled_level
    if "collaborator_auth_policy" in changes or "accepted_level" in changes:
        policy = changes.get("collaborator_auth_policy") or AuthPolicy(organization.collaborator_auth_policy)
        follows = is_dated and at is not None
        accepted = changes.get("accepted_level")
        change_policy(organization, policy, accepted=accepted, actor=actor, date_follows=follows)
    if not is_dated:
        return
    if at is not None:
        level = changes.get("scheduled_level", scheduled or organization.accepted_level)
        at = at if at == organization.required_from else full_hour(at)  # full, in the zone of who set it
        change_schedule(organization, at, level=level, actor=actor)
    elif organization.required_from is not None:
        change_to_no_date(organization, actor=actor)


def change_contact(organization: Organization, email: str, *, actor: Actor) -> None:
    if organization.email == email:
        return
    record(Event.UPDATED, organization, actor=actor, email_before=organization.email, email=email)
    organization.email = email
    organization.save(update_fields=["email"])


def delete_organization(organization: Organization, *, actor: Actor) -> None:
    """Delete an organization with its memberships, tokens and counts, for good."""
    with acting(actor):
        organization = lock_with_right(organization, actor)
        tell_of_deletion(organization, actor=actor)
        memberships = organization.memberships.order_by("pk").select_for_update()
        ids = list(memberships.values_list("pk", flat=True))
        active = organization.memberships.active().order_by("user")
        end_with_membership(organization, list(active.values_list("user", flat=True)))
        organization.memberships.all().delete()
        organization.periods.all().delete()
        organization.days.all().delete()
        InvitationBatchRow.objects.filter(batch__organization=organization).delete()
        organization.batches.all().delete()
        organization.tokens.all().delete()  # creating a token takes the same lock
        record(Event.DELETED, organization, actor=actor, memberships=len(ids))
        OrganizationCounts.objects.filter(organization=organization).delete()
        organization.delete()
