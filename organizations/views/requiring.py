"""Require two-factor in an organization, now or from a date on, and lift it: each after a page that asks.

The pages say beforehand what would happen, from the rules that then decide (policy.rehearsal).
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.exceptions import RuleViolation
from accounts.models import ANY_METHOD, Level
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation
from accounts.web.methods import get_or_post
from accounts.web.statuses import status_of
from accounts.web.times import in_full
from organizations.access.gate import owner_required
from organizations.forms.schedule import METHODS, ScheduleForm, methods_of
from organizations.listed import NAMES_SHOWN
from organizations.models import AuthPolicy, Membership, Organization
from organizations.policy.exceptions import NothingScheduled, RequiredAlready
from organizations.policy.rehearsal import Rehearsal, rehearse
from organizations.policy.reminders import Missing, missing_among
from organizations.policy.schedule import schedule as schedule_from
from organizations.policy.schedule import withdraw as withdraw_date
from organizations.policy.two_factor import set_auth_policy

PAGE = "organizations:authentication"
REQUIRE = "organizations:require_two_factor"
LIFT = "organizations:disable_two_factor"
WITHDRAW = "organizations:withdraw"


@get_or_post
@owner_required
@sudo_required(page=REQUIRE, to=gettext_lazy("require two-factor authentication"), back=PAGE)
def require_two_factor(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    """Show who would be locked out, and who prevents it, and let the owner decide; then require it."""
    sent = request.POST if request.method == "POST" else request.GET
    accepted = METHODS.get(sent.get("methods", ""))
    level = Level(accepted or organization.accepted_level)
    if request.method != "POST":
        if organization.required_level == level:  # somebody else was faster, or the page is an old one
            messages.info(request, now_required(organization, level))
            return redirect(PAGE, organization.name)
        return rehearsal_page(request, organization, membership, level)
    try:
        changed = set_auth_policy(
            organization, AuthPolicy.TWO_FACTOR_MANDATORY, accepted=accepted, actor=request.actor
        )
    except RuleViolation as error:
        messages.error(request, str(error))
        return rehearsal_page(request, organization, membership, level, status=status_of(error))
    if Level.NONE < level < organization.required_level:
        messages.success(request, _("%(name)s accepts text messages again.") % {"name": changed.name})
    else:
        messages.success(request, now_required(changed, changed.required_level))
    return redirect(PAGE, organization.name)


def now_required(organization: Organization, level: int) -> str:
    words = _("Two-factor authentication is now required in %(name)s.")
    if level > ANY_METHOD:
        words = _("%(name)s now requires an authenticator app. Text messages no longer count.")
    return words % {"name": organization.name}


@owner_required
@post_only(REQUIRE)
@sudo_required(page=REQUIRE, to=gettext_lazy("choose when two-factor authentication is required"))
def schedule(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """Require it from a date on, or change the date."""
    level = Level(METHODS.get(request.POST.get("methods", ""), ANY_METHOD))
    form = ScheduleForm(organization, request.POST)
    if form.is_valid():
        try:
            changed = schedule_from(organization, form.at, level=level, actor=request.actor)
        except RequiredAlready as error:  # a page from before
            messages.info(request, str(error))
            return redirect(PAGE, organization.name)
        except RuleViolation as error:
            add_violation(form, error)
        else:
            messages.success(request, announced(changed, level))
            return redirect(PAGE, organization.name)
    status = status_of(getattr(form, "violation", None))
    return rehearsal_page(request, organization, membership, level, form=form, status=status)


def announced(organization: Organization, level: int) -> str:
    at = organization.required_from
    words = _("%(name)s requires two-factor authentication from %(time)s. Everybody concerned gets an email.")
    if level > ANY_METHOD:
        words = _("%(name)s requires an authenticator app from %(time)s. Everybody concerned gets an email.")
    return words % {"name": organization.name, "time": in_full(at) if at else ""}


def rehearsal_page(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    level: Level,
    *,
    form: ScheduleForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page that asks. Where less would be required than now, there is little to say."""
    required = organization.required_level
    context: dict[str, object] = {
        "organization": organization,
        "membership": membership,
        "required": required,
        "methods": methods_of(level),
    }
    if level < required:
        return render(request, "organizations/accept_texts.html", context, status=status)
    rehearsal = rehearse(organization, level)
    context |= {
        "rehearsal": rehearsal,
        "owners": owners_to_remind(organization, rehearsal),
        "form": form or ScheduleForm(organization),
    }
    return render(request, "organizations/require_two_factor.html", context, status=status)


def owners_to_remind(organization: Organization, rehearsal: Rehearsal) -> list[Missing]:
    """Return the first owners who are missing, with when they were reminded."""
    if not rehearsal.missing_owners:
        return []
    rows = organization.memberships.owners().below(rehearsal.level).order_by("username_key")
    return missing_among(organization, rows.select_related("user")[:NAMES_SHOWN])


@get_or_post
@owner_required
@sudo_required(page=WITHDRAW, to=gettext_lazy("withdraw the date"), back=PAGE)
def withdraw(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """Show what withdrawing the date does, and let the owner decide; then withdraw it."""
    context = {"organization": organization, "membership": membership}
    if request.method != "POST":
        if organization.required_from is None:
            messages.info(request, _("There is no date to withdraw."))
            return redirect(PAGE, organization.name)
        return render(request, "organizations/withdraw.html", context)
    try:
        withdraw_date(organization, actor=request.actor)
    except NothingScheduled as error:
        messages.info(request, str(error))
        return redirect(PAGE, organization.name)
    except RuleViolation as error:
        messages.error(request, str(error))
        return render(request, "organizations/withdraw.html", context, status=status_of(error))
    messages.success(request, _("The date is withdrawn. Everybody concerned gets an email."))
    return redirect(PAGE, organization.name)


@get_or_post
@owner_required
@sudo_required(page=LIFT, to=gettext_lazy("stop requiring two-factor authentication"), back=PAGE)
def disable_two_factor(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    """Show what lifting the requirement does, and let the owner decide; then lift it."""
    done = _("Two-factor authentication is no longer required in %(name)s.") % {"name": organization.name}
    context: dict[str, object] = {"organization": organization, "membership": membership}
    if request.method != "POST":
        if not organization.is_mandatory:
            messages.info(request, done)
            return redirect(PAGE, organization.name)
        context["locked_out"] = organization.counts.below(organization.required_level)
        return render(request, "organizations/disable_two_factor.html", context)
    try:
        set_auth_policy(organization, AuthPolicy.PASSWORD, actor=request.actor)
    except RuleViolation as error:
        messages.error(request, str(error))
        return render(request, "organizations/disable_two_factor.html", context, status=status_of(error))
    messages.success(request, done)
    return redirect(PAGE, organization.name)
