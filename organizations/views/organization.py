"""Show an organization to its members, and the locked-out page to members that the policy locks out."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import ANY_METHOD
from accounts.sessions.assurance import redirect_to_sudo
from accounts.sessions.requests import SignedInRequest
from accounts.web.keyset import keyset_page, page_links
from accounts.web.redirects import safe_next
from organizations.access.gate import (
    enrolment_path,
    is_locked_out,
    member_required,
    membership_required_despite_policy,
    missing_level,
)
from organizations.members.lists import MembersByName
from organizations.members.orders import BY_NAME
from organizations.models import Membership, Organization


@require_safe
@member_required
def detail(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """List the members. Owners see who has two-factor; members see names only (D34)."""
    page = keyset_page(MembersByName(organization), request.GET, BY_NAME, organization.counts.members)
    return render(
        request,
        "organizations/detail.html",
        {
            "organization": organization,
            "membership": membership,
            "page": page,
            "required": organization.required_level,
            "coming": organization.coming_level,
            "is_put_off": organization.is_put_off,
            **page_links(page, reverse("organizations:detail", args=[organization.name])),
        },
    )


@require_safe
@membership_required_despite_policy
def locked_out(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """Explain why and since when, whom to ask, how to get in and how to leave; show no members (D32)."""
    home = reverse("organizations:detail", args=[organization.name])
    next_path = safe_next(request, request.GET.get("next"), home)
    if not is_locked_out(request.user, organization):
        return redirect(next_path)
    level = missing_level(request.user, organization)
    if not level:
        return redirect_to_sudo(next_path, level=organization.required_level)
    context = {
        "organization": organization,
        "enrol_url": enrolment_path(next_path),
        "app_only": level > ANY_METHOD,
    }
    return render(request, "organizations/locked_out.html", context)
