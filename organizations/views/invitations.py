"""Lead from the link in the mail of an invitation to that invitation."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.exceptions import EmailNotConfirmed, RuleViolation
from accounts.sessions.requests import SignedInRequest, SiteRequest
from accounts.users.invited import AT_SIGN_IN
from accounts.users.link_texts import LinkInvalid, LinkOfAnother, LinkOutdated
from accounts.users.links import LinkCookie
from accounts.users.registration import INVITED
from accounts.web.statuses import status_of
from organizations.exceptions import InvitationExpired, InvitationGone
from organizations.members import invitation_links

PAGE = "organizations:invitation"
COOKIE = LinkCookie("invitation", PAGE)


@login_not_required
@require_safe
def invitation_link(request: SiteRequest, token: str) -> HttpResponse:
    return AT_SIGN_IN.keep(INVITED.keep(COOKIE.take(token), token), token)


@require_safe
def invitation(request: SignedInRequest) -> HttpResponse:
    """Show the invitation, with buttons to accept and decline; or say why not, and what to do (D42)."""
    token = COOKIE.token(request)
    if not token:
        return redirect("organizations:mine")
    if joined := invitation_links.joined_by(token, user=request.user):
        messages.info(request, _("You are a member of %(name)s.") % {"name": joined.name})
        return COOKIE.forget(redirect("organizations:detail", joined.name))
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
    return render(request, "organizations/invitation.html", {"row": row})


def gone(error: RuleViolation) -> RuleViolation:
    if isinstance(error, LinkOutdated):
        return InvitationExpired()
    return InvitationGone() if type(error) is LinkInvalid else error


def address_explanation() -> str:
    return _(
        "If the invited address is yours, you can make it the email address of this account in your "
        "profile. The invitation is then for this account."
    )
