"""Organization settings > Authentication: who has not set up what is or would be required, and reminders."""

from typing import cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.exceptions import RuleViolation
from accounts.models import Level
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.downloads import download
from accounts.web.keyset import keyset_page, page_links
from accounts.web.redirects import safe_next
from accounts.web.statuses import status_of
from organizations.access.gate import owner_required
from organizations.access.rights import LARGEST_ID
from organizations.exceptions import MembershipGone
from organizations.forms.schedule import METHODS, methods_of
from organizations.members.orders import BY_NAME
from organizations.members.search import add_accounts
from organizations.models import Membership, Organization
from organizations.policy import reminders
from organizations.policy.missing_export import export
from organizations.policy.rehearsal import locked_out_by

PAGE = "organizations:rehearsal"


@require_safe
@owner_required
def rehearsal(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """List whom requiring two-factor locks out, in pages."""
    return rehearsal_page(request, organization, membership)


@owner_required
@post_only(PAGE)
def export_missing(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    """Answer with all of them as a file. It is recorded, so it takes a form."""
    lines = export(organization, level_in(request, organization), actor=request.actor)
    return cast(HttpResponse, download(lines, f"{organization.name}-not-set-up.csv"))


def level_in(request: SignedInRequest, organization: Organization) -> Level:
    """Return the level that the address asks about; by default what is demanded now."""
    asked = METHODS.get(request.POST.get("methods", "") or request.GET.get("methods", ""))
    return Level(asked) if asked else reminders.demanded_level(organization)


def rehearsal_page(
    request: SignedInRequest, organization: Organization, membership: Membership, status: int = 200
) -> HttpResponse:
    level = level_in(request, organization)
    total = organization.counts.below(level)
    page = keyset_page(locked_out_by(organization, level), request.GET, BY_NAME, total)
    add_accounts(page.rows)
    path = reverse(PAGE, args=[organization.name])
    methods = methods_of(level)
    context = {
        "organization": organization,
        "membership": membership,
        "methods": methods,
        "required": organization.required_level,
        "level": level,
        "page": page,
        "missing": reminders.missing_among(organization, page.rows),
        "total": total,
        "all_again_at": reminders.all_again_at(organization),
        "demanded": methods_of(reminders.demanded_level(organization)),
        "this_page": request.get_full_path() if request.method == "GET" else path,
        **page_links(page, path, methods=methods),
    }
    return render(request, "organizations/rehearsal.html", context, status=status)


@owner_required
@post_only(PAGE)
def remind(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """Remind one member, or all members who have not set it up."""
    sent = request.POST.get("member")
    try:
        if sent is None:
            reminders.remind_all(organization, actor=request.actor)
            messages.success(
                request,
                _(
                    "Everybody who hasn't set it up gets a reminder, unless they had one in the last 24 "
                    "hours."
                ),
            )
        else:
            reminded = reminders.remind(organization, id_of(sent), actor=request.actor)
            messages.success(request, _("%(name)s gets a reminder.") % {"name": reminded})
    except RuleViolation as error:
        messages.error(request, str(error))
        return rehearsal_page(request, organization, membership, status=status_of(error))
    return redirect(safe_next(request, request.POST.get("next"), reverse(PAGE, args=[organization.name])))


def id_of(sent: str) -> int:
    """Return the id of a membership. Raises MembershipGone for what is none."""
    if not (sent.isascii() and sent.isdigit() and len(sent) < 20 and int(sent) <= LARGEST_ID):
        raise MembershipGone
    return int(sent)
