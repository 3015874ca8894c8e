"""Set up a method of two-factor authentication: the first, another one, or a new device for an old one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts import factors
from accounts.exceptions import EnrolmentExpired, RateLimited
from accounts.factors import refusals
from accounts.forms import CodeForm, MethodForm
from accounts.models import User
from accounts.sessions.assurance import asks_for_sudo, sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.two_factor import steps
from accounts.two_factor.choices import Choice, act, choose
from accounts.two_factor.demands import demand_of
from accounts.two_factor.enrolment import cancel_enrolment, confirm_enrolment
from accounts.two_factor.fresh_codes import FreshCodes
from accounts.two_factor.pages import CODES, PAGE, factor_or_404, missing, overview_page
from accounts.two_factor.pending import PendingEnrolment
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation, form_page
from accounts.web.forms import Form
from accounts.web.methods import get_or_post
from accounts.web.redirects import safe_next


@post_only(PAGE)
@asks_for_sudo(gettext_lazy("set up two-factor authentication"))
def enable(request: SignedInRequest) -> HttpResponse:
    """Begin to set up the chosen method: the first one, or another one. Without sudo, the proof does (D6)."""
    offered = missing(factors.of_user(request.user))
    form = MethodForm(request.POST, offered=offered)
    next_path = safe_next(request, request.POST.get("next"), "")
    if not offered:
        messages.info(request, _("That method is already configured."))
        return redirect(PAGE)
    if not form.is_valid():
        return overview_page(request, form, next=next_path)
    factor, also = form.chosen, form.also
    choice = Choice(
        factor=factor,
        details=form.details.get(factor.slug, {}),
        also=(also, form.details[also.slug]) if also else None,
        next_path=next_path,
    )
    return choose(request, choice, page=PAGE)


@get_or_post
@asks_for_sudo(gettext_lazy("replace a device"))
def replace(request: SignedInRequest, factor: str) -> HttpResponse:
    """Begin to replace a device. The old one works until the new one is confirmed.

    GET asks for what the factor has to know, or shows the page with the button if it needs nothing.
    """
    user = request.user
    chosen = factor_or_404(factor)
    if chosen.device_of(user) is None:
        messages.info(request, _("%(label)s isn't configured.") % {"label": chosen.label})
        return redirect(PAGE)
    form = (chosen.details_form or Form)(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        choice = Choice(factor=chosen, details=form.cleaned_data, replacing=True)
        return choose(request, choice, page="accounts:replace" if chosen.details_form else PAGE)
    line = steps.of_choice(user, chosen) if chosen.details_form else None
    return form_page(request, "accounts/two_factor_replace.html", form, factor=chosen, steps=line)


@post_only("accounts:confirm")
@sudo_required(page="accounts:confirm", to=gettext_lazy("continue the setup"), back=PAGE)
def resend(request: SignedInRequest) -> HttpResponse:
    """Have the factor that is being set up act again."""
    pending = PendingEnrolment.load(request, request.user)
    if pending is None or not pending.factor.acts:
        return set_up_ended(request)
    act(request, pending)
    return redirect("accounts:confirm")


@get_or_post
@sudo_required(page="accounts:confirm", to=gettext_lazy("continue the setup"), back=PAGE)
@sensitive_post_parameters("code")
def confirm(request: SignedInRequest) -> HttpResponse:
    """Show the set-up of the device and ask for a code. The first device leads to the backup codes."""
    user = request.user
    pending = PendingEnrolment.load(request, user)
    if pending is None:
        return set_up_ended(request)
    if request.method == "POST" and request.POST.get("set_up", pending.name) != pending.name:
        return begun_again(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    form.below_what_is_read_first()
    try:
        return answer_enrolment(request, user, pending, form)
    except EnrolmentExpired:  # confirmed or cancelled during this request
        return set_up_ended(request)


def begun_again(request: SignedInRequest) -> HttpResponse:
    """Show the set-up that replaced that of the form. Its code can't be right, so it is not tried."""
    messages.warning(
        request,
        _(
            "This setup was started again, perhaps in another tab. Continue with what this page shows now. "
            "If your app has an entry from before, delete that entry."
        ),
    )
    return redirect("accounts:confirm")


def set_up_ended(request: SignedInRequest) -> HttpResponse:
    """Lead to what is true now: the set-up was finished, cancelled or replaced, perhaps in another tab."""
    user = request.user
    user.refresh_from_db(fields=["two_factor_enabled_at"])
    fresh = FreshCodes.load(request)
    if fresh and fresh.codes(request, user):
        return redirect(CODES)
    if request.method == "POST" and user.is_enrolled:
        messages.info(request, _("That setup has ended. Two-factor authentication is on, as shown here."))
    elif request.method == "POST":
        messages.error(request, str(EnrolmentExpired()))
    return redirect(PAGE)


@sensitive_variables("enrolment")
def answer_enrolment(
    request: SignedInRequest, user: User, pending: PendingEnrolment, form: CodeForm
) -> HttpResponse:
    if form.is_valid():
        answer = form.cleaned_data["code"]
        try:
            enrolment = confirm_enrolment(
                user,
                pending.factor,
                answer,
                pending.state,
                session=request.session,
                actor=request.actor,
                next_path=pending.next_path,
            )
        except RateLimited as error:
            add_violation(form, error, "code")
        else:
            if enrolment is not None:
                return confirmed(request, pending, with_codes=bool(enrolment.codes))
            refusal = refusals.explain(user, pending.factor, answer, pending.state, enrolling=True)
            form.add_error("code", refusal.message)
    return form_page(
        request,
        "accounts/two_factor_confirm.html",
        form,
        factor=pending.factor,
        enrol_template=f"accounts/factors/{pending.factor.slug}/enrol.html",
        description=pending.factor.describe(user, pending.state, enrolling=True),
        replacing=pending.replacing,
        set_up=pending.name,
        skipping=pending.follows,
        steps=steps.of_set_up(user, pending),
        demand=demand_of(user, pending.next_path),
    )


def confirmed(request: SignedInRequest, pending: PendingEnrolment, *, with_codes: bool) -> HttpResponse:
    pending.finish(request)
    if with_codes:
        return redirect(CODES)
    if pending.replacing:
        messages.success(request, _("Your new device works now. The old one no longer works."))
    else:
        messages.success(request, _("%(label)s is configured.") % {"label": pending.factor.label})
    return redirect(pending.next_path or PAGE)


@post_only("accounts:confirm")
def cancel(request: SignedInRequest) -> HttpResponse:
    user = request.user
    pending = PendingEnrolment.load(request, user)
    if pending is None or not cancel_enrolment(user, pending.factor, pending.state, actor=request.actor):
        return set_up_ended(request)
    PendingEnrolment.forget(request)
    if pending.follows:
        messages.info(request, _("%(label)s wasn't set up.") % {"label": pending.factor.label})
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect(pending.next_path or PAGE)
