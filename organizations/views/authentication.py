"""Organization settings > Authentication: owners change it, members can read it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.exceptions import RuleViolation
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.methods import get_or_post
from accounts.web.statuses import status_of
from organizations.access.gate import member_required, owner_required
from organizations.forms.user_sessions import UserSessionsForm
from organizations.listed import NOBODY
from organizations.models import LONGEST_SESSION, AuthPolicy, Membership, Organization
from organizations.policy import two_factor, user_sessions
from organizations.policy.rehearsal import rehearse

PAGE = "organizations:authentication"
REQUIRE = "organizations:require_two_factor"
LIFT = "organizations:disable_two_factor"


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
    asks = membership.is_owner and not organization.is_mandatory
    context = {
        "organization": organization,
        "membership": membership,
        "form": form or UserSessionsForm(organization),
        "longest_session": LONGEST_SESSION,
        "missing_owners": two_factor.owners_below(organization, organization.accepted_level)
        if asks
        else NOBODY,
    }
    return render(request, "organizations/authentication.html", context, status=status)


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


@get_or_post
@owner_required
@sudo_required(page=REQUIRE, to=gettext_lazy("require two-factor authentication"), back=PAGE)
def require_two_factor(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    """Show who would be locked out, and who prevents it, and let the owner decide; then require it."""
    done = _("Two-factor authentication is now required in %(name)s.")
    return decide(request, organization, membership, AuthPolicy.TWO_FACTOR_MANDATORY, done)


@get_or_post
@owner_required
@sudo_required(page=LIFT, to=gettext_lazy("stop requiring two-factor authentication"), back=PAGE)
def disable_two_factor(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    """Show what lifting the requirement does, and let the owner decide; then lift it."""
    done = _("Two-factor authentication is no longer required in %(name)s.")
    return decide(request, organization, membership, AuthPolicy.PASSWORD, done)


def decide(
    request: SignedInRequest, organization: Organization, membership: Membership, value: AuthPolicy, done: str
) -> HttpResponse:
    if request.method != "POST":
        if (
            organization.collaborator_auth_policy == value
        ):  # somebody else was faster, or the page is an old one
            messages.info(request, done % {"name": organization.name})
            return redirect(PAGE, organization.name)
        return asking_page(request, organization, membership, value)
    try:
        two_factor.set_auth_policy(organization, value, actor=request.actor)
    except RuleViolation as error:
        messages.error(request, str(error))
        return asking_page(request, organization, membership, value, status=status_of(error))
    messages.success(request, done % {"name": organization.name})
    return redirect(PAGE, organization.name)


def asking_page(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    value: AuthPolicy,
    status: int = 200,
) -> HttpResponse:
    requiring = value == AuthPolicy.TWO_FACTOR_MANDATORY
    template = (
        "organizations/require_two_factor.html" if requiring else "organizations/disable_two_factor.html"
    )
    context = {
        "organization": organization,
        "membership": membership,
        "rehearsal": rehearse(organization) if requiring else None,
    }
    return render(request, template, context, status=status)
