"""Decide who can create an account (D31). Sign-up, its page, the pages around it and mails ask here.

`SIGN_UP` is "open" for everybody; with "invited" it takes an invitation; with "closed", one by a site admin.
"""

from django.conf import settings
from django.utils.translation import gettext_lazy

from accounts.exceptions import RuleViolation
from accounts.models import SiteInvitation
from accounts.users.invited import SITE, Proof, invitations


class SignUpClosed(RuleViolation):
    code = "sign-up-closed"
    message = gettext_lazy("People can't create accounts here themselves. Ask a site admin for one.")


class InvitationNeeded(SignUpClosed):
    """Nobody learns from it whether an address is invited: the link in the mail is what counts."""

    message = gettext_lazy(
        "Only people who are invited can create an account here. Open the link in the invitation email in "
        "this browser, then try again."
    )


def may_sign_up(proof: Proof | None) -> bool:
    """Return whether somebody can create an account.

    `proof` says which invitation they have opened. An address that site admins have invited can use the link
    of any invitation to it: each proves the same address.
    """
    if settings.SIGN_UP == "open":
        return True
    if proof is None:
        return False
    if every_invitation_admits() or proof.kind == SITE:
        return True
    return SiteInvitation.objects.current().filter(email=proof.address).exists()


def every_invitation_admits() -> bool:
    """Return whether people can create an account with any invitation, not only with one by a site admin."""
    return settings.SIGN_UP != "closed"


def check_may_sign_up(proof: Proof | None) -> None:
    """Raise SignUpClosed or InvitationNeeded unless somebody with this proof can create an account."""
    if not may_sign_up(proof):
        raise InvitationNeeded if every_invitation_admits() else SignUpClosed


def spend(proof: Proof) -> bool:
    """Spend the invitation for one account, in its transaction. Return whether it proves the address.

    What the site admins have sent to the same address is spent, too. Raises SignUpClosed or InvitationNeeded
    if another account was created with it meanwhile, and there is no other way.
    """
    taken = invitations[proof.kind].spend(proof)
    others = SiteInvitation.objects.current().filter(email=proof.address)
    by_site = proof.kind == SITE or others.delete()[0] > 0
    if not (taken and (by_site or every_invitation_admits())):
        check_may_sign_up(None)
    return taken
