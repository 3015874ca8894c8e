"""Create, accept and decline invitations (D24).

An invitation by username belongs to that user. One by email address belongs to the user who confirms the
address. It does not reveal whether the address has an account, an unconfirmed one or none.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits, outbox
from accounts.audit import Actor
from accounts.database.batches import BATCH
from accounts.database.timeouts import unhurried
from accounts.exceptions import EmailNotConfirmed
from accounts.models import User, login_key
from accounts.sessions.locks import acting
from organizations.access.rights import (
    check_right,
    check_user_token,
    has_right,
    lock_memberships,
    lock_organization,
    lock_with_right,
)
from organizations.announcements import active_owners, tell_of_invitation
from organizations.events import Event, record
from organizations.exceptions import AlreadyMember, InvitationExpired, InvitationGone, UnknownUser
from organizations.members.invitation_limits import for_invitation
from organizations.members.invitation_links import INVITATION, can_sign_up
from organizations.members.owner_invitations import make_invited_owner
from organizations.members.requirements import requirement_in_words
from organizations.models import (
    Membership,
    MembershipQuerySet,
    Organization,
    OrganizationCounts,
    OrganizationToken,
    Right,
    TwoFactorPeriod,
    confirmed_address,
    invitation_end,
    share_of,
)

KEEP_EXPIRED = timedelta(days=30)  # shown as expired, and can be renewed
BETWEEN_MAILS = timedelta(hours=1)  # to owners, about invitations by one token


def invite(
    organization: Organization,
    who: str,
    *,
    actor: Actor,
    as_owner: bool | None = None,
    first: Callable[[], None] | None = None,
) -> Membership:
    """Invite a username or an email address, or renew the invitation; return it.

    `as_owner` says whether the person becomes an owner once they accept, if they can be one; None leaves that
    as it is (`may_renew_owner`). `first` is called under the organization's lock, before anything else is
    written. What it writes is committed with the invitation; what it raises undoes both.
    Raises UnknownUser, AlreadyMember, NoLongerAllowed, OrganizationGone, RateLimited.
    """
    limits.reserve(*for_invitation(organization, who, actor=actor))
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.MEMBERS)
        if as_owner:
            check_right(organization, actor, Right.OWNERS)
        if first is not None:
            first()
        invitation, user = (
            (address_invitation(organization, who), None)
            if "@" in who
            else user_invitation(organization, who)
        )
        is_new = invitation.pk is None
        keeps_owner = may_renew_owner(invitation, organization, actor)
        invitation.expires_at = invitation_end()
        invitation.invited_by = actor.user.username if actor.user else ""
        invitation.invited_by_id = actor.responsible_id
        invitation.invited_with_id = actor.token.pk if isinstance(actor.token, OrganizationToken) else None
        invitation.account_made_at = None  # the person may have deleted that account
        invitation.invited_as_owner = keeps_owner if as_owner is None else as_owner
        invitation.save()
        as_what = {"as_owner": True} if invitation.invited_as_owner else {}
        record(Event.MEMBER_INVITED, organization, actor=actor, user=user, email=invitation.email, **as_what)
        notify_invited(organization, invitation, user)
        if is_news(organization, actor):
            tell_of_invitation(organization, invitation, actor=actor)
        OrganizationCounts.objects.add([organization.pk], invited=1 if is_new else 0)
    return invitation


def may_renew_owner(invitation: Membership, organization: Organization, actor: Actor) -> bool:
    """Return whether an invitation stays one to become an owner when this actor renews it.

    One that has expired is no longer one: else somebody without the right would revive it.
    """
    if not invitation.invited_as_owner or invitation.is_expired:
        return False
    return actor.door == "command" or has_right(organization, actor, Right.OWNERS)


def is_news(organization: Organization, actor: Actor) -> bool:
    """Return whether owners have to hear that this actor invites. The caller holds the organization's lock.

    That is so for a token whose maker is no longer an active owner, once an hour. It is noted in the
    transaction of the invitation: what fails, or comes at the same moment, uses up nobody's mail.
    """
    token = actor.token
    if not isinstance(token, OrganizationToken):
        return False
    if active_owners(organization).filter(user=token.created_by_id).exists():
        return False
    now = timezone.now()
    recently = Q(invitation_told_at__gt=now - BETWEEN_MAILS, invitation_told_at__lte=now)
    told = organization.tokens.filter(pk=token.pk).exclude(recently).update(invitation_told_at=now)
    return bool(told)


def address_invitation(organization: Organization, address: str) -> Membership:
    email = login_key(address)
    found = organization.memberships.filter(user__isnull=True, email=email).first()
    return found or Membership(organization=organization, email=email)


def user_invitation(organization: Organization, username: str) -> tuple[Membership, User]:
    found = User.objects.by_login(username).filter(is_active=True).first()
    user = found and User.objects.select_for_update(no_key=True).filter(pk=found.pk).first()
    if user is None:
        raise UnknownUser
    membership = organization.memberships.filter(user=user).first()
    if membership and not membership.is_invited:
        raise AlreadyMember(name=user.username)
    return (
        membership or Membership(organization=organization, user=user, username=user.username),
        user,
    )


def notify_invited(organization: Organization, invitation: Membership, user: User | None) -> None:
    news: dict[str, Any] = {
        "organization_name": organization.name,
        # Never the name of the site: it would vouch for every holder of an organization's token.
        "inviter": invitation.invited_by or _("An owner"),
        "token": INVITATION.token_for(invitation),
        "as_owner": invitation.invited_as_owner,
        "requirement": requirement_in_words(organization),
        "can_sign_up": can_sign_up(invitation),
    }
    if user is None:
        outbox.notify_address(invitation.email, "organization_invited", **news)
    else:
        outbox.notify(user, "organization_invited", **news)


def accept(invitation_id: int, *, user: User, actor: Actor) -> Organization:
    """Accept an invitation and return the organization, even if its policy will lock the user out.

    Raises InvitationGone, EmailNotConfirmed. Somebody invited as an owner becomes one (owner_invitations).
    """
    with acting(actor):
        organization, user, rows = lock_invitation(invitation_id, user)
        if not user.email_confirmed:
            raise EmailNotConfirmed
        invitation = next(row for row in rows if row.pk == invitation_id)
        member = next((row for row in rows if not row.is_invited), None)
        joined = member or invitation
        # A person can be invited by name and by address, or by address while a member: keep one row.
        as_owner = any(row.invited_as_owner for row in rows if row.is_invited and not row.is_expired)
        Membership.objects.filter(pk__in=[row.pk for row in rows if row is not joined]).delete()
        if member is None:
            activate(invitation, user)
        record(Event.INVITATION_ACCEPTED, organization, actor=actor, user=user)
        if as_owner:
            make_invited_owner(organization, joined, user, actor=actor)
        OrganizationCounts.objects.add(
            [organization.pk],
            members=0 if member else 1,
            **share_of(user.is_enrolled, user.known_level, members=0 if member else 1),
            invited=-sum(1 for row in rows if row is not member),
        )
    return organization


def activate(invitation: Membership, user: User) -> None:
    invitation.status = Membership.Status.ACTIVE
    invitation.user = user
    invitation.username = user.username
    invitation.email = ""
    invitation.address_key = confirmed_address(user)
    invitation.copy_two_factor(user)
    invitation.joined_at = timezone.now()
    invitation.expires_at = None
    invitation.invited_as_owner = False
    invitation.account_made_at = None
    invitation.save()
    TwoFactorPeriod.objects.begin([invitation], user.known_level, invitation.joined_at)


def decline(invitation_id: int, *, user: User, actor: Actor) -> Organization:
    """Decline an invitation and return the organization, which can invite again.

    Raises InvitationGone, UserTokensRefused.
    """
    with acting(actor, always=True):
        organization, user, rows = lock_invitation(invitation_id, user)
        check_user_token(organization, actor.token)
        email = next(row.email for row in rows if row.pk == invitation_id)
        Membership.objects.filter(pk=invitation_id).delete()
        record(Event.INVITATION_DECLINED, organization, actor=actor, user=user, email=email)
        OrganizationCounts.objects.add([organization.pk], invited=-1)
    return organization


def lock_invitation(invitation_id: int, user: User) -> tuple[Organization, User, list[Membership]]:
    """Lock the organization of an open invitation, the user, and all of the user's rows in it; return them.

    Raises InvitationGone, InvitationExpired.
    """
    found = (
        Membership.objects.of_person(user)
        .invited()
        .select_related("organization")
        .filter(pk=invitation_id)
        .first()
    )
    if found is None:
        raise InvitationGone
    organization = lock_organization(found.organization)
    user = User.objects.lock(user.pk)
    rows = list(organization.memberships.of_person(user).order_by("pk").select_for_update(no_key=True))
    invited = next((row for row in rows if row.pk == invitation_id and row.is_invited), None)
    if invited is None:
        raise InvitationGone
    if invited.is_expired:
        raise InvitationExpired
    return organization, user, rows


def delete_long_expired() -> int:
    """Delete invitations that ended KEEP_EXPIRED ago and were not renewed; return how many."""
    over = Membership.objects.invited().filter(expires_at__lte=timezone.now() - KEEP_EXPIRED)
    deleted = 0
    with unhurried():
        concerned = list(over.order_by("organization").values_list("organization", flat=True).distinct())
    for organization_id in concerned:
        while number := delete_some(over.filter(organization=organization_id), organization_id):
            deleted += number
    return deleted


def delete_some(rows: MembershipQuerySet, organization_id: int) -> int:
    """Delete some of these invitations to one organization; return how many."""
    with transaction.atomic():
        organization = Organization.objects.select_for_update(no_key=True).filter(pk=organization_id).first()
        if organization is None:
            return 0
        some = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        locked = [row.pk for row, _user in lock_memberships(organization, [], may_be_gone=some)]
        number: int = rows.filter(pk__in=locked).delete()[0]
        OrganizationCounts.objects.add([organization_id], invited=-number)
    return number
