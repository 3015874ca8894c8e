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
from accounts.web.statuses import status_of
from organizations.access.gate import member_required, owner_required
from organizations.forms import UserSessionsForm
from organizations.models import LONGEST_SESSION, AuthPolicy, Membership, Organization
from organizations.policy import two_factor, user_sessions

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
    asks = membership.is_owner and not organization.is_mandatory
    context = {
        "organization": organization,
        "membership": membership,
        "form": form or UserSessionsForm(organization),
        "longest_session": LONGEST_SESSION,
        "missing_owners": two_factor.unenrolled_owners(organization) if asks else [],
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
    messages.success(request, _("Saved. It applies from each member's next request."))
    return redirect(PAGE, organization.name)


@owner_required
@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("require two-factor authentication"))
def require_two_factor(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    done = _("Two-factor authentication is now required in %(name)s.")
    return change(request, organization, membership, AuthPolicy.TWO_FACTOR_MANDATORY, done)


@owner_required
@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("stop requiring two-factor authentication"))
def disable_two_factor(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    done = _("Two-factor authentication is no longer required in %(name)s.")
    return change(request, organization, membership, AuthPolicy.PASSWORD, done)


def change(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    value: AuthPolicy,
    done: str,
) -> HttpResponse:
    try:
        two_factor.set_auth_policy(organization, value, actor=request.actor)
    except RuleViolation as error:
        messages.error(request, str(error))
        return authentication_page(request, organization, membership, status=status_of(error))
    messages.success(request, done % {"name": organization.name})
    return redirect(PAGE, organization.name)
