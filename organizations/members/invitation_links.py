"""Find the invitation that a link in a mail is about, and whether it is for the person who opens it."""

from django.db.models import QuerySet

from accounts.exceptions import EmailNotConfirmed
from accounts.models import User, login_key
from accounts.users.link_texts import LinkInvalid, LinkOfAnother
from accounts.users.links import Link, key_in
from organizations.exceptions import InvitationGone
from organizations.models import INVITATION_LIFETIME, Membership, Organization, confirmed_address


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
    address that the user has yet to confirm, and InvitationGone.
    """
    invitation = INVITATION.find(token)
    if invitation.user_id not in (None, user.pk):
        raise LinkOfAnother
    if invitation.user_id is None and invitation.email != confirmed_address(user):
        if not user.email_confirmed and invitation.email == login_key(user.email):
            raise EmailNotConfirmed
        raise LinkOfAddress
    if invitation.is_expired:
        raise InvitationGone
    return invitation


def key_for_sign_up(token: str, email: str) -> str:
    """Return what an account with this address is counted by if a link to it was mailed for it, or "".

    The invitation must be open, and to the address itself.
    """
    try:
        invitation = INVITATION.find(token)
    except LinkInvalid:
        return ""
    is_for_it = invitation.user_id is None and invitation.email == login_key(email)
    return f"invitation:{invitation.pk}" if is_for_it and not invitation.is_expired else ""


def joined_by(token: str, *, user: User) -> Organization | None:
    """Return the organization that the user has joined with the invitation of this link."""
    joined = Membership.objects.active().filter(pk=key_in(token), user=user)
    membership = joined.select_related("organization").first()
    return membership.organization if membership else None
