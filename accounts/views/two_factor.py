"""User Settings > Two Factor Authentication: methods, backup codes, removal and disabling."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_safe

from accounts import factors
from accounts.exceptions import LastMethod, RuleViolation, TwoFactorNotEnabled
from accounts.factors.base import Factor
from accounts.factors.levels import level_of
from accounts.forms import PasswordForm
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.two_factor import backup_codes, removal
from accounts.two_factor.codes_file import codes_file
from accounts.two_factor.fresh_codes import FreshCodes
from accounts.two_factor.pages import (
    CODES,
    PAGE,
    codes_gone_page,
    codes_page,
    consequences_of,
    factor_or_404,
    overview_page,
)
from accounts.two_factor.pending import PendingEnrolment
from accounts.users import passwords
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation, form_page
from accounts.web.methods import get_or_post
from accounts.web.redirects import safe_next


@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    next_path = safe_next(request, request.GET.get("next"), "")
    return overview_page(request, None, next=next_path)


@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("reveal your backup codes"))
@sensitive_variables("codes")
def reveal_codes(request: SignedInRequest) -> HttpResponse:
    user = request.user
    codes = backup_codes.reveal(user, session=request.session, actor=request.actor)
    return overview_page(request, None, codes=codes)


@post_only(CODES)
@sudo_required(page=CODES, to=gettext_lazy("download your backup codes"))
@sensitive_variables("codes", "saved")
def download_codes(request: SignedInRequest) -> HttpResponse:
    """Answer with the unused codes as a file, for browsers without JavaScript.

    Counts as revealing them, but for new ones that the page of new codes may show now (D46).
    """
    user = request.user
    fresh = FreshCodes.load(request)
    codes = (fresh and fresh.codes(request, user)) or backup_codes.reveal(
        user, session=request.session, actor=request.actor
    )
    if not codes:
        messages.info(request, _("You have no backup codes left. Renew them to get new ones."))
        return redirect(PAGE)
    saved = codes_file(user, codes, when=timezone.now())
    response = HttpResponse(saved.text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, saved.name) or "attachment"
    response["Cache-Control"] = "no-store"
    return response


@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("renew your backup codes"))
def renew_codes(request: SignedInRequest) -> HttpResponse:
    backup_codes.renew(request.user, session=request.session, actor=request.actor)
    return redirect(CODES)


@require_safe
@sensitive_variables("codes")
def codes(request: SignedInRequest) -> HttpResponse:
    """Show the codes that this session has just made; when it may not any more, say what is true (D46)."""
    user = request.user
    if not user.is_enrolled:
        messages.info(request, str(TwoFactorNotEnabled()))
        return redirect(PAGE)
    fresh = FreshCodes.load(request)
    codes = fresh.codes(request, user) if fresh else []
    follower = PendingEnrolment.load(request, user) if fresh and fresh.first else None
    if fresh and codes:
        return codes_page(request, codes, fresh=fresh, follower=follower)
    replaced = fresh is not None and not fresh.is_newest(user)
    return codes_gone_page(request, replaced=replaced, follower=follower)


@post_only(CODES)
def codes_kept(request: SignedInRequest) -> HttpResponse:
    """Stop showing the new codes. Go on to what is set up next, else to where the person came from."""
    fresh = FreshCodes.load(request)
    FreshCodes.forget(request)
    if fresh is None:
        return redirect(PAGE)
    if fresh.first:
        messages.success(request, _("Two-factor authentication is on."))
    else:
        messages.success(request, _("Your new backup codes work now. The old ones no longer work."))
    if fresh.first and PendingEnrolment.load(request, request.user):
        return redirect("accounts:confirm")
    return redirect(fresh.next_path or PAGE)


@get_or_post
@sudo_required(page="accounts:disable", to=gettext_lazy("disable two-factor authentication"), back=PAGE)
@sensitive_post_parameters("password")
def disable(request: SignedInRequest) -> HttpResponse:
    """Name organizations that lock the user out (D4) or forbid it (D3); disable with the password (R30)."""
    user = request.user
    if not user.is_enrolled:
        messages.info(request, _("Two-factor authentication isn't enabled."))
        return redirect(PAGE)
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        session, actor = request.session, request.actor
        try:
            passwords.confirm(user, form.cleaned_data["password"], session=session, actor=actor)
            removal.disable(user, actor=actor, session=session)
        except RuleViolation as error:
            add_violation(form, error, "password")
        else:
            messages.success(request, _("Two-factor authentication is now disabled."))
            return redirect(PAGE)
    return form_page(
        request,
        "accounts/two_factor_disable.html",
        form,
        consequences=consequences_of(user),
    )


@get_or_post
@sudo_required(page="accounts:remove", to=gettext_lazy("remove a method"), back=PAGE)
def remove(request: SignedInRequest, factor: str) -> HttpResponse:
    """Name organizations that lock the user out without this method (D4), or forbid that; then remove it."""
    user = request.user
    chosen = factor_or_404(factor)
    if request.method == "POST":
        return removed(request, chosen)
    methods = factors.methods_of(user)
    if chosen.slug not in methods.states:
        messages.info(request, _("%(label)s isn't configured.") % {"label": chosen.label})
        return redirect(PAGE)
    if not any(other != chosen for other in methods.working):
        messages.error(request, str(LastMethod()))
        return redirect(PAGE)
    level = level_of(methods, without=chosen.slug)
    context = {
        "factor": chosen,
        "consequences": consequences_of(user, level) if level < user.level else {},
    }
    return render(request, "accounts/two_factor_remove.html", context)


def removed(request: SignedInRequest, chosen: Factor) -> HttpResponse:
    try:
        removal.remove(request.user, chosen, session=request.session, actor=request.actor)
    except RuleViolation as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(label)s was removed.") % {"label": chosen.label})
    return redirect(PAGE)
