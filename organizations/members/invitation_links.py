"""Find the invitation that a link in a mail is about, and whether it is for the person who opens it."""

from django.core import signing
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.exceptions import EmailNotConfirmed
from accounts.models import User, login_key
from accounts.users.invited import InvitationNotice, Proof, expired
from accounts.users.joining import may_sign_up
from accounts.users.link_texts import LinkInvalid, LinkOfAnother, LinkOutdated
from accounts.users.links import Link, key_in
from organizations.exceptions import InvitationExpired
from organizations.members.requirements import requirement_in_words
from organizations.models import INVITATION_LIFETIME, Membership, Organization, confirmed_address

KIND = "organizations"  # of invitations, in `accounts.users.invited.invitations`


class LinkOfAddress(LinkOfAnother):
    """The invitation is for an address that is not the one of the account that is signed in."""


def state_of(invitation: Membership) -> str:
    """Return the state for links to an invitation: where to, and for whom. Renewing it leaves them good."""
    return f"{invitation.organization_id}\n{invitation.user_id}\n{invitation.email}"


def open_invitations() -> QuerySet[Membership]:
    return Membership.objects.invited().select_related("organization")


INVITATION = Link("invitation", INVITATION_LIFETIME, state_of, open_invitations)


def invitation_of(token: str, *, user: User) -> Membership:
    """Return the open invitation that a link was mailed for. The link gives no right: `accept` checks all.

    Raises LinkInvalid, LinkOfAnother if it is for another name or address, EmailNotConfirmed if it is for the
    address that the user has yet to confirm, and InvitationExpired.
    """
    invitation = INVITATION.find(token)
    if invitation.user_id not in (None, user.pk):
        raise LinkOfAnother
    if invitation.user_id is None and invitation.email != confirmed_address(user):
        if not user.email_confirmed and invitation.email == login_key(user.email):
            raise EmailNotConfirmed
        raise LinkOfAddress
    if invitation.is_expired:
        raise InvitationExpired
    return invitation


def welcome(token: str) -> InvitationNotice | None:
    """Return what the holder of the link of an invitation may know without signing in: what its mail said.

    It is the same whether the address has an account or not (D24). None if it is the link of no invitation.
    """
    try:
        invitation = INVITATION.find(token)
    except LinkOutdated:
        return expired()
    except LinkInvalid:
        return None
    if invitation.is_expired:
        return expired()
    admits = can_sign_up(invitation)
    requires = requirement_in_words(invitation.organization)
    said = [in_words(invitation), requires, how_to_join(invitation, admits)]
    return InvitationNotice(" ".join(filter(None, said)), works=True, admits=admits)


def in_words(invitation: Membership) -> str:
    names = {"inviter": invitation.invited_by, "organization": invitation.organization.name}
    if invitation.invited_by:
        return _("%(inviter)s has invited you to join %(organization)s.") % names
    return _("You're invited to join %(organization)s.") % names


def how_to_join(invitation: Membership, admits: bool) -> str:
    if admits:
        return _("Sign in, or create an account with the email address that was invited.")
    return _("Sign in with the account that was invited.")


def can_sign_up(invitation: Membership) -> bool:
    """Return whether an account can be created with the link of this invitation: its mail says so, too."""
    proof = proof_by(invitation)
    return proof is not None and may_sign_up(proof)


def proof_by(invitation: Membership) -> Proof | None:
    """Return what the link of this invitation proves; None if it names an account, or has made one."""
    if invitation.user_id is not None or invitation.account_made_at is not None or invitation.is_expired:
        return None
    return Proof(KIND, invitation.pk, invitation.email, reverse("organizations:invitation"))


def proof(token: str) -> Proof | None:
    """Return what this link proves, if it is that of an open invitation to an address."""
    try:
        return proof_by(INVITATION.find(token))
    except LinkInvalid:
        return None


def spend(proof: Proof) -> bool:
    """Note on the invitation that an account was created with it; return False if one was, or it is gone."""
    rows = Membership.objects.invited().current().filter(pk=proof.pk, user=None, email=proof.address)
    return rows.filter(account_made_at=None).update(account_made_at=timezone.now()) > 0


def joined_by(token: str, *, user: User) -> Organization | None:
    """Return the organization that the user has joined with the invitation of this link."""
    joined = Membership.objects.active().filter(pk=key_in(token), user=user)
    membership = joined.select_related("organization").first()
    return membership.organization if membership and was_for(membership, token) else None


def was_for(membership: Membership, token: str) -> bool:
    """Return whether a link was mailed for the invitation that became this membership, however long ago."""
    of_name = Membership(pk=membership.pk, organization=membership.organization, user_id=membership.user_id)
    of_address = Membership(
        pk=membership.pk, organization=membership.organization, email=membership.address_key
    )
    for invitation in (of_name, of_address):
        try:
            INVITATION.signer(invitation).unsign(token)
        except signing.BadSignature:
            continue
        return True
    return False
