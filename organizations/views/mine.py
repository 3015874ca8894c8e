"""User Settings > Organizations: what I am in, and what I am invited to."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.exceptions import RuleViolation
from accounts.sessions.assurance import has_sudo, redirect_to_sudo
from accounts.sessions.requests import SignedInRequest
from accounts.web.form_pages import status_of
from organizations.access.gate import membership_required_despite_policy
from organizations.members import invitations, memberships
from organizations.models import Membership, Organization


@require_safe
def mine(request: SignedInRequest) -> HttpResponse:
    """The lists come from organizations.context, which the top bar asks anyway."""
    return render(request, "organizations/mine.html")


def refused(request: SignedInRequest, error: RuleViolation) -> HttpResponse:
    """Show the page with what could not be done."""
    messages.error(request, str(error))
    return render(request, "organizations/mine.html", status=status_of(error))


@require_POST
def accept(request: SignedInRequest, membership_id: int) -> HttpResponse:
    try:
        organization = answer(request, membership_id, invitations.accept)
    except RuleViolation as error:
        return refused(request, error)
    messages.success(request, _("You are now a member of %(name)s.") % {"name": organization.name})
    return redirect("organizations:detail", organization.name)


@require_POST
def decline(request: SignedInRequest, membership_id: int) -> HttpResponse:
    try:
        organization = answer(request, membership_id, invitations.decline)
    except RuleViolation as error:
        return refused(request, error)
    messages.info(request, _("You have declined the invitation to %(name)s.") % {"name": organization.name})
    return redirect("organizations:mine")


def answer(request: SignedInRequest, membership_id: int, verb: Callable[..., Organization]) -> Organization:
    return verb(membership_id, user=request.user, actor=request.actor)


@require_POST
@membership_required_despite_policy
def leave(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    # An owner's rights are given up after a proof only (D6), as on the page of the users.
    if membership.is_owner and not has_sudo(request):
        return redirect_to_sudo(reverse("organizations:mine"))
    try:
        memberships.leave(organization, user=request.user, actor=request.actor)
    except RuleViolation as error:
        return refused(request, error)
    messages.success(request, _("You have left %(name)s.") % {"name": organization.name})
    return redirect("organizations:mine")
