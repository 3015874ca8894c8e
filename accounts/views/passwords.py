"""Forgotten passwords, and User Settings > Password."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts.audit import known_browsers
from accounts.exceptions import RuleViolation
from accounts.forms import AddressForm, ChangePasswordForm, NewPasswordForm
from accounts.models import User
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest, SiteRequest
from accounts.users import passwords
from accounts.users.link_texts import LinkInvalid, LinkOfAnother
from accounts.users.links import LinkCookie, check_reader
from accounts.web.form_pages import add_violation, form_page
from accounts.web.methods import get_or_post

COOKIE = LinkCookie("reset-password", "accounts:reset_password")


@login_not_required
@get_or_post
def forgot_password(request: SiteRequest) -> HttpResponse:
    """Ask for an address. The response is the same for every address (PR-01, PR-05)."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        passwords.request_reset(form.cleaned_data["email"], actor=request.actor)
        return redirect(f"{reverse('accounts:forgot_password')}?sent")
    if "sent" in request.GET and not form.is_bound:
        return render(request, "accounts/forgot_password_sent.html")
    return form_page(request, "accounts/forgot_password.html", form)


@login_not_required
@require_safe
def reset_password_link(request: SiteRequest, token: str) -> HttpResponse:
    return COOKIE.take(token)


@login_not_required
@get_or_post
@sensitive_post_parameters("new_password")
def reset_password(request: SiteRequest) -> HttpResponse:
    """Set a new password. Only a POST reveals whether the link is valid, because it counts guesses."""
    token = COOKIE.token(request)
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    try:
        check_reader(token, request.user if isinstance(request.user, User) else None)
        if form.is_valid():
            user = passwords.reset(token, form.cleaned_data["new_password"], actor=request.actor)
            messages.success(request, _("Your password was changed. Sign in with the new one."))
            response = COOKIE.forget(redirect("accounts:sign_in"))
            # The way in while strangers guess, or have stolen the cookies of this browser: it has budgets of
            # its own from now on (D37).
            known_browsers.keep_known(request, response, user.pk, user.security_stamp, anew=True)
            return response
        if not form.is_bound:
            passwords.RESET.check_in_time(token)
    except LinkOfAnother as error:
        return COOKIE.of_another(request, error)
    except LinkInvalid as error:
        return link_is_invalid(request, error)
    except RuleViolation as error:
        add_violation(form, error)
    return form_page(request, "accounts/reset_password.html", form)


def link_is_invalid(request: HttpRequest, error: LinkInvalid) -> HttpResponse:
    """Say what is wrong with the link, if its text shows that: else it may be forged, used or superseded."""
    context = {"problem": str(error) if type(error) is not LinkInvalid else ""}
    return COOKIE.forget(render(request, "accounts/reset_password_invalid.html", context, status=422))


@get_or_post
@sudo_required(page="accounts:password", to=gettext_lazy("change your password"), back="accounts:profile")
@sensitive_post_parameters("password", "new_password")
def password(request: SignedInRequest) -> HttpResponse:
    form = ChangePasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            passwords.change(
                request.user,
                form.cleaned_data["password"],
                form.cleaned_data["new_password"],
                session=request.session,
                actor=request.actor,
            )
        except RuleViolation as error:
            add_violation(form, error)
        else:
            messages.success(request, _("Your password was changed. Other browsers have been signed out."))
            return redirect("accounts:password")
    return form_page(request, "accounts/password.html", form)
