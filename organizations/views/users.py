"""Organization settings > Users: list, invite and remove members, and make them owners."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.exceptions import RuleViolation
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.form_pages import add_violation, form_page
from accounts.web.redirects import safe_next
from accounts.web.statuses import status_of
from organizations.access.gate import owner_required
from organizations.forms import AddMemberForm, UserFilterForm
from organizations.members import invitations, memberships
from organizations.members.keyset import keyset_page, page_links
from organizations.members.lists import filtered
from organizations.models import Membership, Organization

PAGE = "organizations:users"


@require_safe
@owner_required
def users(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    return users_page(request, organization, membership, AddMemberForm())


def users_page(
    request: SignedInRequest, organization: Organization, membership: Membership, form: AddMemberForm
) -> HttpResponse:
    filters = UserFilterForm(request.GET)
    filters.is_valid()
    chosen = filters.cleaned_data
    page = keyset_page(filtered(organization, **chosen), request.GET)
    path = reverse(PAGE, args=[organization.name])
    query = {name: str(value) for name, value in chosen.items() if value}
    return form_page(
        request,
        "organizations/users.html",
        form,
        organization=organization,
        membership=membership,
        filters=filters,
        showing_invited=chosen.get("status") == Membership.Status.INVITED,
        page=page,
        this_page=request.get_full_path() if request.method == "GET" else path,
        **page_links(page, path, **query),
    )


@require_POST
@owner_required
def add_member(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    form = AddMemberForm(request.POST)
    if form.is_valid():
        who = form.cleaned_data["username"]
        try:
            invitations.invite(organization, who, actor=request.actor)
        except RuleViolation as error:
            add_violation(form, error, "username")
        else:
            messages.success(
                request, _("%(who)s is invited. The invitation is good for 7 days.") % {"who": who}
            )
            return redirect(f"{reverse(PAGE, args=[organization.name])}?status=invited")
    return users_page(request, organization, membership, form)


@require_POST
@owner_required
@sudo_required(page=PAGE)
def make_owner(
    request: SignedInRequest, organization: Organization, membership: Membership, membership_id: int
) -> HttpResponse:
    done = _("%(name)s is now an owner.")
    return act(request, organization, membership, membership_id, memberships.make_owner, done)


@require_POST
@owner_required
@sudo_required(page=PAGE)
def unmake_owner(
    request: SignedInRequest, organization: Organization, membership: Membership, membership_id: int
) -> HttpResponse:
    done = _("%(name)s is no longer an owner.")
    return act(request, organization, membership, membership_id, memberships.unmake_owner, done)


@require_POST
@owner_required
def remove_member(
    request: SignedInRequest, organization: Organization, membership: Membership, membership_id: int
) -> HttpResponse:
    if organization.memberships.owners().filter(pk=membership_id).exists():
        return remove_owner(request, organization, membership, membership_id)
    done = _("%(name)s has been removed.")
    return act(request, organization, membership, membership_id, memberships.remove, done)


@sudo_required(page=PAGE)
def remove_owner(
    request: SignedInRequest, organization: Organization, membership: Membership, membership_id: int
) -> HttpResponse:
    """Remove an owner. Every change of owners takes sudo (D6)."""
    done = _("%(name)s has been removed.")
    return act(request, organization, membership, membership_id, memberships.remove_owner, done)


def act(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    membership_id: int,
    verb: Callable[..., Any],
    done: str,
) -> HttpResponse:
    """Apply a verb to the membership of a row, and redirect to the page that showed the row."""
    try:
        changed = verb(organization, membership_id, actor=request.actor)
    except RuleViolation as error:
        messages.error(request, str(error))
        response = users_page(request, organization, membership, AddMemberForm())
        response.status_code = status_of(error)
        return response
    messages.success(request, done % {"name": changed})
    if changed.user_id == membership.user_id:  # their own role: they may have lost access to the page
        return redirect("organizations:home")
    return redirect(safe_next(request, request.POST.get("next"), reverse(PAGE, args=[organization.name])))
