"""Require two-factor authentication in an organization, or lift the requirement.

The gates read the policy on each request. It is never written to members, so turning it on updates one row at
any size. A date from which it is required is in `schedule`.
"""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import Actor
from accounts.models import ANY_METHOD, Level, User
from accounts.sessions.locks import acting
from organizations import news
from organizations.access.rights import lock_with_right
from organizations.events import Event, record
from organizations.listed import Listed
from organizations.models import AuthPolicy, Membership, Organization
from organizations.news import MEMBERS_CONCERNED, OWNERS, key_of_level
from organizations.policy import mails
from organizations.policy.exceptions import (
    NewOwnerNotEnrolled,
    OwnerKeepsMethod,
    OwnerKeepsTwoFactor,
    OwnersNotEnrolled,
    ReactivatedOwnerNotEnrolled,
)

SCHEDULE = ("required_from", "scheduled_level", "due_at", "schedule_told", "put_off_told_at")


def owners_below(organization: Organization, level: int) -> Listed:
    """Return who of the owners has set up nothing of this level, which prevents requiring it.

    Marks deactivated accounts. They count as well: once they are active again, they would own it without.
    """
    owners = organization.memberships.owners().below(level).order_by("username_key")
    return Listed.of(owners.select_related("user"), name_shown)


def name_shown(owner: Membership) -> str:
    active = owner.user is not None and owner.user.is_active
    return owner.username if active else _("%(name)s (deactivated)") % {"name": owner.username}


def is_conformant(organization: Organization) -> bool:
    """Return whether every owner is enrolled: `two-factor-conformant` in the API."""
    return not organization.memberships.owners().without_two_factor().exists()


def set_auth_policy(
    organization: Organization, policy: AuthPolicy, *, accepted: int | None = None, actor: Actor
) -> Organization:
    """Require two-factor authentication, or lift the requirement. The same policy again is not a change.

    `accepted` is the lowest level that counts; None leaves it as it is. Raises OwnersNotEnrolled,
    NoLongerAllowed, OrganizationGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor)
        change_policy(organization, policy, accepted=accepted, actor=actor)
    return organization


def change_policy(
    organization: Organization,
    policy: AuthPolicy,
    *,
    accepted: int | None = None,
    actor: Actor,
    date_follows: bool = False,
) -> None:
    """Like `set_auth_policy`, for a caller who holds the organization's lock.

    Lifting it withdraws a date, unless the caller sets one in the same step (`date_follows`).
    """
    write_due(organization)
    accepted = accepted or organization.accepted_level
    before = organization.collaborator_auth_policy, organization.accepted_level
    if before == (policy, accepted):
        return
    level = accepted if policy == AuthPolicy.TWO_FACTOR_MANDATORY else Level.NONE
    if level > organization.present_level and (missing := owners_below(organization, level)):
        raise OwnersNotEnrolled(missing, level)
    if policy == AuthPolicy.PASSWORD and before[0] != policy and not date_follows:
        drop_date(organization, actor=actor)
    store_policy(organization, policy, accepted)
    record_policy(organization, before[0], actor=actor)
    if policy == AuthPolicy.TWO_FACTOR_MANDATORY or before[0] != policy:
        mails.tell_required(organization)


def record_policy(organization: Organization, before: str, *, actor: Actor) -> None:
    """Record that it is required from now on, or no longer, or that other methods are accepted."""
    if organization.collaborator_auth_policy == before:
        any_method = organization.accepted_level == ANY_METHOD
        record(Event.TWO_FACTOR_METHODS_CHANGED, organization, actor=actor, texts=any_method)
        return
    policy, texts = organization.collaborator_auth_policy, of_texts(organization.present_level)
    record(Event.AUTH_POLICY_CHANGED, organization, actor=actor, policy=str(policy), texts=texts)


def of_texts(level: int) -> bool | str:
    """Return what an event says of text messages: False where this level does not accept them, else ""."""
    return False if level > ANY_METHOD else ""


def store_policy(organization: Organization, policy: AuthPolicy, accepted: int) -> None:
    """Write what is required now. A date that would require no more goes."""
    before = organization.present_level
    organization.collaborator_auth_policy = policy
    organization.accepted_level = accepted
    level = organization.present_level
    if level > before or (before and not level):  # not where less is required than before
        organization.auth_policy_changed_at = timezone.now()
    if (organization.scheduled_level or Level.NONE) <= level:
        clear_schedule(organization)
    organization.save(
        update_fields=["collaborator_auth_policy", "accepted_level", "auth_policy_changed_at", *SCHEDULE]
    )


def clear_schedule(organization: Organization) -> None:
    """Forget the date, without writing it."""
    for name in SCHEDULE:
        setattr(organization, name, None)


def drop_date(organization: Organization, *, actor: Actor) -> None:
    """Forget a date, record it, and tell those who heard of it. The caller holds the lock."""
    at, level = organization.required_from, organization.scheduled_level
    if at is None or level is None:
        return
    clear_schedule(organization)
    organization.save(update_fields=SCHEDULE)
    record(Event.TWO_FACTOR_SCHEDULE_WITHDRAWN, organization, actor=actor, date=at.isoformat())
    mails.tell_withdrawn(organization, at, level, OWNERS, str(organization.pk))
    mails.tell_withdrawn(organization, at, level, MEMBERS_CONCERNED, key_of_level(organization, level))


# What a date does when it has come. Nobody acts at that moment; who set the date is in an event of its own.
BY_DATE = Actor(user=None, ip=None, user_agent="", door="schedule")


def write_due(organization: Organization) -> bool:
    """Write down what a date that has come and is met requires, and tell; return whether it was so (D47).

    From then on it no longer depends on what owners have set up. The caller holds the organization's lock.
    """
    level = organization.required_level
    if level == organization.present_level:
        return False
    before = organization.collaborator_auth_policy
    store_policy(organization, AuthPolicy.TWO_FACTOR_MANDATORY, level)
    record_policy(organization, before, actor=BY_DATE)
    mails.tell_required(organization)
    return True


def check_new_owner(organization: Organization, user: User) -> None:
    """Raise NewOwnerNotEnrolled if this user can't become an owner. The caller holds both locks."""
    level = organization.required_level
    if level > user.level:
        raise NewOwnerNotEnrolled(user.username, level)


def veto_removal(
    sender: type[User], *, user: User, level: Level, forced: bool, lock: bool, **kwargs: Any
) -> tuple[int, ...]:
    """Refuse that a user has no more than this level while an organization of theirs requires more.

    With `forced` (break-glass) it is not refused, and a date that has come is written down before it is no
    longer met.

    Returns the ids of the organizations that the user owns, locked if `lock` is true. Otherwise the caller
    holds the user's lock and compares the ids: locking organizations then would break the lock order.
    Raises OwnerKeepsTwoFactor, OwnerKeepsMethod.
    """
    owned = Organization.objects.owned_by(user).order_by("pk")
    if lock:
        owned = owned.select_for_update(no_key=True, of=("self",))
    organizations = list(owned)
    names = [organization.name for organization in organizations if organization.required_level > level]
    if names and not forced:
        raise (OwnerKeepsMethod if level else OwnerKeepsTwoFactor)(user.username, names)
    if lock and forced:
        for organization in organizations:
            write_due(organization)
    return tuple(organization.pk for organization in organizations)


def veto_reactivation(sender: type[User], *, user: User, active: bool, **kwargs: Any) -> None:
    """Refuse to activate an owner who breaks the policy of an organization, unless break-glass did that.

    Requiring it counts inactive owners, so this is so only after a change behind the back of the verbs. Locks
    nothing. Raises ReactivatedOwnerNotEnrolled.
    """
    if not active or user.two_factor_forced_off_at is not None:
        return
    owners = Membership.objects.owners().filter(user=user)
    owned = owners.requiring_more_than(user.level).order_by("organization__name")
    if names := list(owned.values_list("organization__name", flat=True)):
        raise ReactivatedOwnerNotEnrolled(user.username, names)


def consequences(
    sender: type[User], *, user: User, level: Level = Level.NONE, **kwargs: Any
) -> dict[str, list[str]]:
    """Return the organizations that refuse that no more than this level is left, and those it would lock."""
    rows = (
        Membership.objects.active()
        .filter(user=user)
        .requiring_more_than(level)
        .order_by("organization__name")
        .values_list("organization__name", "is_owner")
    )
    found: dict[str, list[str]] = {"refused_by": [], "locks": []}
    for name, is_owner in rows:
        found["refused_by" if is_owner else "locks"].append(name)
    return found
