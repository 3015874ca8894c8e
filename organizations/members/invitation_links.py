"""Find the invitation that a link in a mail is about, and whether it is for the person who opens it."""

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.exceptions import EmailNotConfirmed
from accounts.models import User, login_key
from accounts.users.invited import Welcome
from accounts.users.link_texts import LinkInvalid, LinkOfAnother, LinkOutdated
from accounts.users.links import Link, key_in
from organizations.exceptions import InvitationExpired
from organizations.models import INVITATION_LIFETIME, Membership, Organization, confirmed_address

GONE = gettext_lazy(
    "This invitation is no longer open. It was answered or withdrawn. If you have accepted it, sign in."
)
ASK_AGAIN = gettext_lazy("Ask the person who invited you for a new one.")


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


def welcome(token: str) -> Welcome:
    """Return what the holder of the link of an invitation may know without signing in: what its mail said.

    It is the same whether the address has an account or not (D24).
    """
    page = reverse("organizations:invitation")
    try:
        invitation = INVITATION.find(token)
    except LinkOutdated:
        return Welcome(f"{InvitationExpired.message} {ASK_AGAIN}", False, page)
    except LinkInvalid as error:
        text = GONE if type(error) is LinkInvalid else str(error)
        return Welcome(str(text), False, page)
    if invitation.is_expired:
        return Welcome(f"{InvitationExpired.message} {ASK_AGAIN}", False, page)
    return Welcome(f"{in_words(invitation)} {way_in(invitation)}", True, page)


def in_words(invitation: Membership) -> str:
    names = {"inviter": invitation.invited_by, "organization": invitation.organization.name}
    if invitation.invited_by:
        return _("%(inviter)s has invited you to join %(organization)s.") % names
    return _("You're invited to join %(organization)s.") % names


def way_in(invitation: Membership) -> str:
    if invitation.user_id is None and settings.SIGN_UP == "open":
        return _("Sign in, or create an account with the email address that was invited.")
    return _("Sign in with the account that was invited.")


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
