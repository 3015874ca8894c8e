"""Lead from the link in the mail of an invitation, of either kind, to that invitation."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.exceptions import EmailNotConfirmed, RuleViolation
from accounts.models import SiteInvitation, User
from accounts.sessions.requests import SignedInRequest, SiteRequest
from accounts.users import site_invitations
from accounts.users.invited import SIGN_IN_COOKIE, SIGN_UP_COOKIE
from accounts.users.link_texts import LinkInvalid, LinkOfAnother, LinkOutdated
from accounts.users.links import LinkCookie
from accounts.web.statuses import status_of
from organizations.exceptions import InvitationExpired, InvitationGone
from organizations.members import invitation_links
from organizations.members.owner_invitations import why_no_owner
from organizations.members.requirements import requirement_in_words
from organizations.models import Membership, confirmed_address

PAGE = "organizations:invitation"
COOKIE = LinkCookie("invitation", PAGE)


@login_not_required
@require_safe
def invitation_link(request: SiteRequest, token: str) -> HttpResponse:
    return SIGN_IN_COOKIE.keep(SIGN_UP_COOKIE.keep(COOKIE.take(token), token), token)


@require_safe
def invitation(request: SignedInRequest) -> HttpResponse:
    """Show the invitation, with buttons to accept and decline; or say why not, and what to do (D42)."""
    token = COOKIE.token(request)
    if not token:
        return redirect("organizations:mine")
    if joined := invitation_links.joined_by(token, user=request.user):
        messages.info(request, _("You are a member of %(name)s.") % {"name": joined.name})
        return COOKIE.forget(redirect("organizations:detail", joined.name))
    if site_row := site_invitations.invitation_of(token):
        return site_invitation(request, site_row)
    try:
        row = invitation_links.invitation_of(token, user=request.user)
    except LinkOfAnother as error:
        by_address = isinstance(error, invitation_links.LinkOfAddress)
        return COOKIE.of_another(request, error, explanation=address_explanation() if by_address else "")
    except EmailNotConfirmed as error:
        return render(request, "organizations/invitation.html", {"unconfirmed": str(error)})
    except RuleViolation as error:
        # A whole link that leads nowhere is one to an invitation that was answered, revoked or deleted.
        problem = gone(error)
        shown = {"problem": str(problem)}
        return render(request, "organizations/invitation.html", shown, status=status_of(problem))
    return render(request, "organizations/invitation.html", shown_of(row, request.user))


def shown_of(row: Membership, user: User) -> dict[str, Any]:
    """Return what the page says of an open invitation before it is accepted."""
    return {
        "row": row,
        "requirement": requirement_in_words(row.organization),
        "no_owner": why_no_owner(row.organization, user) if row.invited_as_owner else "",
    }


def site_invitation(request: SignedInRequest, row: SiteInvitation) -> HttpResponse:
    """Say what an invitation to create an account means to somebody who has one already."""
    if row.email == confirmed_address(request.user):
        messages.info(request, _("You already have an account, so you don't need the invitation."))
        return COOKIE.forget(redirect("organizations:home"))
    explanation = _("It invites somebody to create an account. To do that, sign out first.")
    return COOKIE.of_another(request, LinkOfAnother(), explanation=explanation)


def gone(error: RuleViolation) -> RuleViolation:
    if isinstance(error, LinkOutdated):
        return InvitationExpired()
    return InvitationGone() if type(error) is LinkInvalid else error


def address_explanation() -> str:
    return _(
        "If the invited address is yours, you can make it the email address of this account in your "
        "profile. The invitation is then for this account."
    )
