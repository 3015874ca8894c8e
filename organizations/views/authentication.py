"""Organization settings > Authentication: owners change it, members can read it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import ANY_METHOD, Level, User
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web import charts
from accounts.web.acting import post_only
from organizations.access.gate import member_required, owner_required
from organizations.forms.user_sessions import UserSessionsForm
from organizations.listed import NOBODY
from organizations.models import LONGEST_SESSION, Membership, Organization
from organizations.policy import two_factor, user_sessions
from organizations.policy.progress import progress_of
from organizations.policy.reminders import all_again_at

PAGE = "organizations:authentication"


@require_safe
@member_required
def authentication(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    return authentication_page(request, organization, membership)


def authentication_page(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    status: int = 200,
    form: UserSessionsForm | None = None,
) -> HttpResponse:
    """Render the page. Only owners see which owners prevent requiring two-factor (OR-13)."""
    context = {
        "organization": organization,
        "membership": membership,
        "form": form or UserSessionsForm(organization),
        "longest_session": LONGEST_SESSION,
        **roll_out(request.user, organization, is_owner=membership.is_owner),
    }
    return render(request, "organizations/authentication.html", context, status=status)


def roll_out(user: User, organization: Organization, *, is_owner: bool) -> dict[str, Any]:
    """Return what the page says of two-factor: what is required, from when, and how far everybody has come.

    `coming` is the level that a date brings, if there is one.
    """
    required, coming = organization.required_level, organization.coming_level
    shown = {
        "required": required,
        "app_only": required > ANY_METHOD,
        "coming": coming,
        "coming_app_only": coming > ANY_METHOD,
        "is_put_off": organization.is_put_off,
        "lacks_it": max(required, coming) > user.level,
    }
    if not is_owner:
        return shown
    asked = coming or (Level.NONE if required else ANY_METHOD)  # what the page offers
    progress = progress_of(organization)
    missing = two_factor.owners_below(organization, asked) if asked else NOBODY
    return shown | {
        "missing_owners": missing,
        "progress": progress if progress.missing or required or coming else None,
        "chart": charts.columns([(point.ready, point.members) for point in progress.points]),
        "all_again_at": all_again_at(organization),
        "locked_out": organization.counts.below(required) if required else 0,
    }


@owner_required
@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("change how long members stay signed in"))
def update_user_sessions(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    form = UserSessionsForm(organization, request.POST)
    if not form.is_valid():
        return authentication_page(request, organization, membership, status=422, form=form)
    user_sessions.update_user_sessions(
        organization,
        timeout=form.cleaned_data["session_timeout"],
        remember=form.cleaned_data["session_remember"],
        actor=request.actor,
    )
    messages.success(request, _("Saved. The new times apply at once."))
    return redirect(PAGE, organization.name)
