"""Organization settings > Users > Invite a user: a page of its own, which the list also shows as a dialog."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.exceptions import RuleViolation
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation, form_page
from accounts.web.methods import get_or_post
from organizations.access.gate import owner_required
from organizations.forms.members import AddMemberForm
from organizations.members import invitations
from organizations.models import Membership, Organization

LIST = "organizations:users"


@get_or_post
@owner_required
def invite(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """The page of its own, which sends to itself."""
    if request.method == "POST":
        return send(request, organization, membership)
    return invite_page(request, organization, membership, AddMemberForm())


@owner_required
@post_only(LIST)
def add_member(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """What the list sends: the dialog, and an invitation that is sent again."""
    return send(request, organization, membership)


def send(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    form = AddMemberForm(request.POST)
    if form.is_valid():
        who = form.cleaned_data["username"]
        try:
            invitations.invite(organization, who, actor=request.actor)
        except RuleViolation as error:
            add_violation(form, error, "username")
        else:
            messages.success(
                request, _("You invited %(who)s. The invitation is open for 7 days.") % {"who": who}
            )
            return redirect(f"{reverse(LIST, args=[organization.name])}?status=invited")
    return invite_page(request, organization, membership, form)


def invite_page(
    request: SignedInRequest, organization: Organization, membership: Membership, form: AddMemberForm
) -> HttpResponse:
    context = {"organization": organization, "membership": membership}
    return form_page(request, "organizations/invite.html", form, **context)
