"""Sign in with a password, and sign out. The second step is in challenge.py."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.exceptions import MethodPaused, RuleViolation
from accounts.factors.challenges import Purpose
from accounts.forms import SignInForm
from accounts.login import sign_in as login
from accounts.login.pending import PendingChallenge, PendingLogin
from accounts.sessions import remembered
from accounts.sessions.requests import SiteRequest
from accounts.users.invited import SIGN_IN_COOKIE, welcome
from accounts.web.acting import post_only
from accounts.web.form_pages import add_message, add_violation, form_page
from accounts.web.methods import get_or_post
from accounts.web.redirects import safe_next


@login_not_required
@get_or_post
@sensitive_post_parameters("password")
def sign_in(request: SiteRequest) -> HttpResponse:
    asked_for = request.POST.get("next") or request.GET.get("next")
    next_path = safe_next(request, asked_for, reverse("organizations:home"))
    if request.method != "POST" and request.user.is_authenticated:
        return redirect(next_path)
    form = SignInForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            user = login.sign_in(
                form.cleaned_data["username"],
                form.cleaned_data["password"],
                session=request.session,
                actor=request.actor,
                next_path=next_path,
                remembered_tokens=remembered.kept_tokens(request),
            )
        except RuleViolation as error:
            add_violation(form, error)
        else:
            if user is not None:
                return signed_in(request, next_path)
            form.add_error(None, _("Invalid login or password"))
    here = next_path == reverse("organizations:invitation")
    invited = welcome(request, SIGN_IN_COOKIE) if here else None
    return form_page(request, "accounts/sign_in.html", form, next=next_path, invited=invited)


def ask_first(request: SiteRequest, pending: PendingLogin) -> None:
    """Have the first factor act at once if it is one that acts, in the same POST (D26)."""
    factor = next(iter(pending.methods.working), None)
    if factor is not None and factor.acts:
        try:
            PendingChallenge.start(request, pending.user, factor, Purpose.LOGIN)
        except MethodPaused:
            pass  # the page says so, and names the other ways
        except RuleViolation as error:
            # Too soon after the last code, the page shows a countdown instead of an error.
            add_message(request, error, countdown=True)


def signed_in(request: SiteRequest, next_path: str) -> HttpResponse:
    """Redirect after a right password: to the second step, or to the next path if the login is complete."""
    rotate_token(request)
    pending = PendingLogin.load(request)
    if pending is None:
        return redirect(next_path or "organizations:home")
    ask_first(request, pending)
    return redirect("accounts:challenge")


@login_not_required
@post_only("accounts:sign_in")
def sign_out(request: SiteRequest) -> HttpResponse:
    """End the session or the pending login; `next` leads on, to where a link in a mail was going (D42)."""
    was_signed_in = request.user.is_authenticated
    login.sign_out(session=request.session, actor=request.actor)
    if was_signed_in:
        messages.info(request, _("You have signed out."))
    return redirect(safe_next(request, request.POST.get("next"), reverse("accounts:sign_in")))
