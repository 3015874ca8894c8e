"""Invite people to the site, and withdraw invitations: what site admins and commands do (D31).

Nobody learns from an invitation whether the address has an account: the verbs and the mail do not ask.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import crypto, limits, outbox
from accounts.audit import Actor, Event, record
from accounts.database.batches import delete_in_batches
from accounts.exceptions import Gone, RuleViolation
from accounts.limits import Budget, Claim, Told
from accounts.limits.budgets import DAY, HOUR
from accounts.models import (
    SITE_INVITATION_LIFETIME,
    SiteInvitation,
    User,
    login_key,
    site_invitation_end,
)
from accounts.sessions.locks import acting, ensure_still_acting
from accounts.users.invited import SITE, InvitationNotice, Proof, expired
from accounts.users.link_texts import LinkInvalid, LinkOutdated
from accounts.users.links import Link
from accounts.users.rights import may_invite_to_site

KEEP_EXPIRED = timedelta(days=30)  # shown as expired, and can be renewed

# Each mails a stranger. A company is invited in one run.
BY_PERSON = Budget(
    "site-invite",
    (500, HOUR),
    told=Told(
        gettext_lazy("You have invited too many people."),
        gettext_lazy("Another site admin can continue at once, and so can commands on the server."),
    ),
)
TO_ONE_BY_PERSON = Budget(
    "site-invite-one",
    (5, HOUR),
    (10, DAY),
    told=Told(
        gettext_lazy("This address was invited too often."),
        gettext_lazy(
            "The link in each of these emails works for 7 days. They may be in the spam folder. Another site "
            "admin can send one at once."
        ),
    ),
)


class NotYoursToInvite(RuleViolation):
    """The admin has lost the right since the page was shown."""

    code = "not-yours-to-invite"
    message = gettext_lazy("You can't invite people to this site. A superuser can give you the right.")


class SiteInvitationGone(Gone):
    """Used, withdrawn or deleted."""

    code = "site-invitation-gone"
    message = gettext_lazy("This invitation is no longer open. It was used or withdrawn.")


@dataclass(frozen=True)
class Invited:
    """An invitation, and whether the address had one that was open."""

    invitation: SiteInvitation
    renewed: bool


def invite_to_site(address: str, *, actor: Actor, quietly: bool = False) -> Invited:
    """Invite an address to create an account, or renew its invitation: a mail, and 7 days from now.

    `quietly` sends no mail: for an address that is about to get another invitation with a link (each proves
    the address). Raises NotYoursToInvite, RateLimited, SessionEnded.
    """
    email = login_key(address)
    if not quietly:
        limits.reserve(*claims_of(email, actor))
    with acting(actor):
        check_may_invite(actor)
        invitation, renewed = locked_invitation(email)
        invitation.invited_by = actor.user.username if actor.user else ""
        invitation.invited_by_id = actor.responsible_id
        invitation.expires_at = site_invitation_end()
        invitation.save()
        record(
            Event.SITE_INVITED,
            actor=actor,
            subject="site",
            user=actor.user,
            email=email,
        )
        if not quietly:
            notify_invited(invitation)
    return Invited(invitation, renewed)


def locked_invitation(email: str) -> tuple[SiteInvitation, bool]:
    """Return the invitation of this address, locked, and whether it was open. Creates it if there is none."""
    rows = SiteInvitation.objects.select_for_update(no_key=True).filter(email=email)
    found = rows.first()
    if found is None:
        try:
            with transaction.atomic():
                return SiteInvitation.objects.create(email=email, expires_at=site_invitation_end()), False
        except IntegrityError:  # another admin has invited the same address at this moment
            found = rows.get()
    return found, not found.is_expired


def claims_of(email: str, actor: Actor) -> list[Claim]:
    """Return the budgets of one invitation. How many people commands invite is not limited."""
    person = crypto.digest(email, "site-invitation")
    to_one = (TO_ONE_BY_PERSON, f"{person}:{actor.source}")
    return [to_one] if actor.door == "command" else [(BY_PERSON, actor.source), to_one]


def notify_invited(invitation: SiteInvitation) -> None:
    outbox.notify_address(
        invitation.email,
        "site_invited",
        inviter=invitation.invited_by,
        address=invitation.email,
        token=SITE_INVITATION.token_for(invitation),
    )


def withdraw(invitation_id: int, *, actor: Actor) -> SiteInvitation:
    """Withdraw an invitation: its link stops working.

    Raises SiteInvitationGone, NotYoursToInvite, SessionEnded.
    """
    with acting(actor, always=True):
        check_may_invite(actor)
        rows = SiteInvitation.objects.select_for_update(no_key=True)
        invitation = rows.filter(pk=invitation_id).first()
        if invitation is None:
            raise SiteInvitationGone
        SiteInvitation.objects.filter(pk=invitation.pk).delete()
        record(
            Event.SITE_INVITATION_WITHDRAWN,
            actor=actor,
            subject="site",
            user=actor.user,
            email=invitation.email,
        )
    return invitation


def check_may_invite(actor: Actor) -> None:
    """Raise NotYoursToInvite or SessionEnded unless the actor is a command or a site admin with the right.

    Call it after `lock_actor`: it locks the admin's row, because rights may end at any moment.
    """
    if actor.user is None:
        if actor.door != "command":
            raise NotYoursToInvite
        return
    manager = ensure_still_acting(User.objects.lock(actor.user.pk), actor.user)
    if not may_invite_to_site(manager):
        raise NotYoursToInvite


def delete_long_expired() -> int:
    """Delete invitations that ended KEEP_EXPIRED ago and were not renewed; return how many."""
    over = SiteInvitation.objects.filter(expires_at__lt=timezone.now() - KEEP_EXPIRED)
    return delete_in_batches(over, by="expires_at")


# --- The link in the mail ---


def state_of(invitation: SiteInvitation) -> str:
    """Return the state for links to an invitation. Renewing it leaves them good."""
    return invitation.email


SITE_INVITATION = Link("site-invitation", SITE_INVITATION_LIFETIME, state_of, SiteInvitation.objects.all)


def invitation_of(token: str) -> SiteInvitation | None:
    """Return the invitation that a link was mailed for, or None. It may have expired."""
    try:
        return SITE_INVITATION.find(token)
    except LinkInvalid:
        return None


def proof(token: str) -> Proof | None:
    """Return what the link proves, if its invitation is open."""
    invitation = invitation_of(token)
    if invitation is None or invitation.is_expired:
        return None
    return Proof(SITE, invitation.pk, invitation.email, reverse("organizations:home"))


def welcome(token: str) -> InvitationNotice | None:
    """Return what the holder of the link may know without signing in: what its mail said."""
    try:
        invitation = SITE_INVITATION.find(token)
    except LinkOutdated:
        return expired()
    except LinkInvalid:
        return None
    if invitation.is_expired:
        return expired()
    return InvitationNotice(
        f"{in_words(invitation)} {_('If you have one already, sign in.')}", True, admits=True
    )


def in_words(invitation: SiteInvitation) -> str:
    if invitation.invited_by:
        return _("%(inviter)s has invited you to create an account.") % {"inviter": invitation.invited_by}
    return _("You're invited to create an account.")


def spend(proof: Proof) -> bool:
    """Spend the invitation for an account; return False if another one has it, or it was withdrawn."""
    return SiteInvitation.objects.current().filter(pk=proof.pk, email=proof.address).delete()[0] > 0
