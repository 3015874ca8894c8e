"""The second step of signing in, and the button that has a code sent."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts import factors
from accounts.exceptions import MethodPaused, RuleViolation, SessionEnded
from accounts.factors import refusals
from accounts.factors.base import Factor, State
from accounts.factors.challenges import Purpose
from accounts.forms import LoginCodeForm, LoginRecoveryCodeForm
from accounts.login import proofs
from accounts.login.pending import PendingChallenge, PendingLogin
from accounts.models import Level, User
from accounts.sessions.assurance import FORM, LEVEL
from accounts.sessions.requests import SiteRequest
from accounts.web.acting import SeeOther, post_only
from accounts.web.form_pages import add_message, add_violation, form_page
from accounts.web.methods import get_or_post
from accounts.web.redirects import safe_next

# What the buttons of the form that asks send instead of an answer: the tick of the form goes along (PF13).
SHOW = "show"  # another page that asks
SEND = "send"  # the slug of the factor that is to act


@login_not_required
@get_or_post
@sensitive_post_parameters("code")
def challenge(request: SiteRequest) -> HttpResponse:
    return answer_page(request, LoginCodeForm, "accounts/challenge.html", backup=False)


@login_not_required
@get_or_post
@sensitive_post_parameters("code")
def recovery(request: SiteRequest) -> HttpResponse:
    return answer_page(request, LoginRecoveryCodeForm, "accounts/recovery.html", backup=True)


def answer_page(
    request: SiteRequest,
    form_class: type[LoginCodeForm] | type[LoginRecoveryCodeForm],
    template: str,
    *,
    backup: bool,
) -> HttpResponse:
    """Ask for the second factor of a pending login (with `backup`, a backup code), and check the answer.

    A POST with SHOW comes from the other of these pages and asks for this one; it holds no answer.
    """
    pending = PendingLogin.load(request)
    if request.user.is_authenticated or pending is None:
        return no_pending_login(request)
    if request.method == "POST":
        pending.keep_tick(request)
        if SHOW in request.POST:
            return SeeOther(request.get_full_path())
    sent = request.POST if request.method == "POST" else None
    form = form_class(sent, initial={"remember": pending.remember})
    form.offer(pending.remembered_for)
    factor = pending.factor(asked_for(request), backup=backup)
    state = PendingChallenge.state_for(request, factor, Purpose.LOGIN)
    refusal = None
    if form.is_valid():
        try:
            if prove_login(request, pending, factor, form, state):
                return logged_in(request, pending, factor)
            refusal = refusals.explain(pending.user, factor, form.cleaned_data["code"], state)
            form.add_error("code", refusal.message)
            pending = pending.refreshed(request)
        except RuleViolation as error:
            add_violation(form, error, "code")
    return form_page(
        request,
        template,
        form,
        factor=factor,
        description=factor.describe(pending.user, state),
        set_aside=pending.methods.set_aside,
        alternatives=[other for other in pending.methods.working if other != factor],
        belongs_to=refusal and refusal.belongs_to,
    )


def no_pending_login(request: SiteRequest) -> HttpResponse:
    """Lead on who is signed in already, perhaps in another tab, and anybody else to the sign-in."""
    sent = request.POST if request.method == "POST" else request.GET
    next_path = safe_next(request, sent.get("next"), "")
    if request.user.is_authenticated:
        return redirect(next_path or "organizations:home")
    if request.method == "POST":
        messages.error(request, str(SessionEnded()))
    query = f"?{urlencode({'next': next_path})}" if next_path else ""
    return redirect(f"{reverse('accounts:sign_in')}{query}")


def asked_for(request: SiteRequest) -> str:
    """Return the slug of the factor that the form or URL names, else that of the pending challenge, or ""."""
    named = request.POST.get("factor") or request.GET.get("factor")
    pending = PendingChallenge.load(request)
    return named or (pending.factor.slug if pending else "")


def prove_login(
    request: SiteRequest,
    pending: PendingLogin,
    factor: Factor,
    form: LoginCodeForm | LoginRecoveryCodeForm,
    state: State,
) -> bool:
    device = proofs.answer_challenge(
        pending.user,
        factor,
        form.cleaned_data["code"],
        state,
        purpose=Purpose.LOGIN,
        session=request.session,
        actor=request.actor,
        remember=form.cleaned_data["remember"],
    )
    return device is not None


def logged_in(request: SiteRequest, pending: PendingLogin, factor: Factor) -> HttpResponse:
    rotate_token(request)
    if factor.is_backup and pending.methods.set_aside:  # now they can replace it
        messages.warning(request, _("Replace the device that no longer works, before your codes run out."))
        return redirect("accounts:two_factor")
    return redirect(pending.next_path or "organizations:home")


@login_not_required
@post_only("accounts:challenge")
@sensitive_post_parameters("code")
def send(request: SiteRequest) -> HttpResponse:
    """Have a factor act: "Text me a code" and "Send again", for a login or for sudo."""
    pending = PendingLogin.load(request)
    user = pending.user if pending else request.user
    if not isinstance(user, User):
        return no_pending_login(request)
    by_login_form = request.POST.get(SEND)
    if pending and by_login_form:
        pending.keep_tick(request)
    purpose = Purpose.LOGIN if pending else Purpose.SUDO
    methods = pending.methods if pending else factors.methods_of(user)
    senders = [factor for factor in methods.working if factor.acts]
    factor = factors.chosen(senders, by_login_form or request.POST.get("factor"))
    if factor is not None:
        try:
            PendingChallenge.start(request, user, factor, purpose)
        except MethodPaused:
            pass  # the page says so, and names the other ways
        except RuleViolation as error:
            add_message(
                request,
                error,
                countdown=bool(PendingChallenge.describe(request, user, factor, purpose).get("resend_in")),
            )
    return redirect(asking_page(request, factor, purpose))


def asking_page(request: SiteRequest, factor: Factor | None, purpose: Purpose) -> str:
    """Return the URL of the page that asks for this factor: at login, or for sudo (with the next path)."""
    query = {"factor": factor.slug} if factor else {}
    if purpose is Purpose.LOGIN:
        return f"{reverse('accounts:challenge')}?{urlencode(query)}"
    query["next"] = safe_next(request, request.POST.get("next"), reverse("organizations:home"))
    if form := safe_next(request, request.POST.get(FORM), ""):
        query[FORM] = form
    if (level := request.POST.get(LEVEL, "")) in map(str, Level.values):
        query[LEVEL] = level
    return f"{reverse('accounts:sudo')}?{urlencode(query)}"
