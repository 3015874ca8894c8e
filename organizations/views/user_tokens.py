"""Organization settings > API Tokens > Personal tokens: an owner accepts or refuses those of the members.

Its own page shows beforehand whose programs that would stop.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.numbered import number_links, page_number
from organizations.access.gate import owner_required
from organizations.models import Membership, Organization
from organizations.policy import user_tokens as policy

PAGE = "organizations:user_tokens"


@require_safe
@owner_required
def user_tokens(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    page = policy.users_lately(organization, page_number(request))
    context = {
        "organization": organization,
        "membership": membership,
        "page": page,
        "total": page.total,
        "days": policy.LATELY.days,
        **number_links(page, request.path),
    }
    return render(request, "organizations/user_tokens.html", context)


@owner_required
@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("change which tokens the organization accepts"))
def disable(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    policy.set_user_tokens(organization, False, actor=request.actor)
    messages.success(request, _("%(name)s no longer accepts personal tokens.") % {"name": organization.name})
    return redirect("organizations:tokens", organization.name)


@owner_required
@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("change which tokens the organization accepts"))
def enable(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    policy.set_user_tokens(organization, True, actor=request.actor)
    messages.success(request, _("%(name)s accepts personal tokens again.") % {"name": organization.name})
    return redirect("organizations:tokens", organization.name)
