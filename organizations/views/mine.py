"""User Settings > Organizations: memberships and invitations of the signed-in user."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.exceptions import RuleViolation
from accounts.sessions.assurance import asks_for_sudo, has_sudo, redirect_to_sudo, sent_form
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation
from accounts.web.keyset import MOST_COUNTED
from accounts.web.methods import get_or_post
from accounts.web.numbered import NumberedPage, number_links, page_number, page_of_list
from accounts.web.redirects import safe_next
from accounts.web.statuses import status_of
from organizations.access.gate import enrolment_path, is_locked_out, membership_required_despite_policy
from organizations.context_processors import (
    MOST_SHOWN,
    SwitcherEntry,
    invitations_page,
    organizations_page,
    switcher_of,
)
from organizations.forms.members import LeavingForm
from organizations.forms.organizations import OrganizationFilterForm
from organizations.members import invitations, memberships, succession
from organizations.members.account_changes import last_owned
from organizations.members.left_behind import KEEP_ALL, Choices, left_by
from organizations.members.owner_invitations import was_invited_as_owner, why_no_owner
from organizations.members.requirements import has_to_set_up
from organizations.models import Membership, Organization

PAGE = "organizations:mine"
NOTHING_FOUND: NumberedPage[SwitcherEntry] = NumberedPage([], 1, has_next=False, total=0)


@require_safe
def mine(request: SignedInRequest) -> HttpResponse:
    """Render the page. The first invitations come from organizations.context_processors, like the top bar."""
    return mine_page(request)


def mine_page(request: SignedInRequest, status: int = 200) -> HttpResponse:
    """Render one page of the user's organizations; `page` in the query has its number."""
    number = page_number(request)
    form = OrganizationFilterForm(request.GET)
    searched = form.cleaned_data["q"] if form.is_valid() else ""
    page = found_page(request, number, searched) if form.is_valid() else NOTHING_FOUND
    owned = [entry.name for entry in page.rows if entry.is_owner]
    query = {"q": searched} if searched else {}
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "total": page.total,
        "most_counted": MOST_COUNTED,
        "searching": bool(searched or form.errors),
        "owned_alone": last_owned(request.user, owned) if owned else [],
        **number_links(page, reverse(PAGE), query),
    }
    return render(request, "organizations/mine.html", context, status=status)


def found_page(request: SignedInRequest, number: int, searched: str) -> NumberedPage[SwitcherEntry]:
    switcher = switcher_of(request)
    if number > 1 or searched or switcher.has_more:
        return organizations_page(request.user, number, searched)
    return page_of_list(switcher.organizations, number, MOST_SHOWN + 1)  # the top bar has read them all


@require_safe
def invited(request: SignedInRequest) -> HttpResponse:
    """List all open invitations of the user: the other pages show the first of them."""
    page = invitations_page(request.user, page_number(request))
    context: dict[str, Any] = {
        "page": page,
        "total": page.total,
        "most_counted": MOST_COUNTED,
        **number_links(page, reverse("organizations:invitations")),
    }
    return render(request, "organizations/invitations.html", context)


def refused(request: SignedInRequest, error: RuleViolation) -> HttpResponse:
    """Render the page with the message of the error."""
    messages.error(request, str(error))
    return mine_page(request, status_of(error))


@post_only(PAGE)
def accept(request: SignedInRequest, membership_id: int) -> HttpResponse:
    """Accept an invitation; then lead on to the organization, or to what it requires first."""
    as_owner = was_invited_as_owner(membership_id, request.user)
    try:
        organization = answer(request, membership_id, invitations.accept)
    except RuleViolation as error:
        return refused(request, error)
    no_owner = why_no_owner(organization, request.user) if as_owner else ""
    if as_owner and not no_owner:
        messages.success(request, _("You are now an owner of %(name)s.") % {"name": organization.name})
    else:
        messages.success(request, _("You are now a member of %(name)s.") % {"name": organization.name})
    if no_owner:
        messages.warning(request, no_owner)
    page = reverse("organizations:detail", args=[organization.name])
    return redirect(enrolment_path(page) if has_to_set_up(organization, request.user) else page)


@post_only(PAGE)
def decline(request: SignedInRequest, membership_id: int) -> HttpResponse:
    try:
        organization = answer(request, membership_id, invitations.decline)
    except RuleViolation as error:
        return refused(request, error)
    messages.info(request, _("You have declined the invitation to %(name)s.") % {"name": organization.name})
    return redirect(safe_next(request, request.POST.get("next"), reverse(PAGE)))


def answer(request: SignedInRequest, membership_id: int, verb: Callable[..., Organization]) -> Organization:
    return verb(membership_id, user=request.user, actor=request.actor)


@get_or_post
@membership_required_despite_policy
@asks_for_sudo(gettext_lazy("leave an organization that you own"), back=PAGE)
def leave(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """Show what leaving means, and what stays; then leave."""
    # Giving up an owner's rights takes sudo (D6), as on the page "Users".
    if membership.is_owner and not has_sudo(request):
        return redirect_to_sudo(request.path, form=sent_form(request))
    alone = membership.is_owner and bool(last_owned(request.user, [organization.name]))
    # A locked-out owner can't hand over: only owners whom the policy lets in make owners.
    asks = alone and not is_locked_out(request.user, organization)
    form = LeavingForm(request.POST if request.method == "POST" else None) if asks else None
    if request.method != "POST" or (form is not None and not form.is_valid()):
        return leaving_page(request, organization, form, alone=alone)
    choices = Choices(successor=form.cleaned_data["successor"]) if form else KEEP_ALL
    try:
        memberships.leave(organization, user=request.user, actor=request.actor, choices=choices)
    except succession.REFUSALS as error:
        if form is None:
            return refused(request, error)
        add_violation(form, error, "successor")
        return leaving_page(request, organization, form, alone=alone)
    except RuleViolation as error:
        return refused(request, error)
    messages.success(request, _("You have left %(name)s.") % {"name": organization.name})
    return redirect("organizations:mine")


def leaving_page(
    request: SignedInRequest, organization: Organization, form: LeavingForm | None, *, alone: bool
) -> HttpResponse:
    """Show what leaving means; `form` asks for the next owner where the only one leaves."""
    names = succession.suggestions(organization, request.user.pk) if form else []
    context: dict[str, Any] = {
        "organization": organization,
        "left": left_by(organization, [request.user.pk]),
        "owned_alone": alone and not (names or (form and organization.counts.members > succession.LOOKED_AT)),
        "is_locked": is_locked_out(request.user, organization),
        "suggested": names,
        "form": form,
    }
    status = status_of(getattr(form, "violation", None)) if form and form.errors else 200
    return render(request, "organizations/leave.html", context, status=status)
