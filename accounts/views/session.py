"""Signing in, in one step or two, stepping up, signing out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import factors, login, passwords, two_factor
from accounts.answers import form_page, refuse
from accounts.assurance import has_sudo, known_users, remember_browser, signed_in_user
from accounts.audit import Actor
from accounts.exceptions import RuleViolation, SessionEnded
from accounts.factors.base import Factor
from accounts.forms import CodeForm, PasswordForm, RecoveryCodeForm, SignInForm
from accounts.models import User
from accounts.pending import PendingLogin
from accounts.redirects import safe_next
from accounts.sessions import session_of
from accounts.two_factor import Purpose

SHOWS_AND_ACTS = ["GET", "HEAD", "POST"]


def invalid_code() -> str:
    # The same words for a wrong, a used and a foreign code (security.md TI-02, R29).
    return _("Invalid authentication code!")


@login_not_required
@require_http_methods(SHOWS_AND_ACTS)
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
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
                session=session_of(request),
                actor=Actor.of(request),
                next_path=next_path,
                known_users=known_users(request),
            )
        except RuleViolation as error:
            refuse(form, error)
        else:
            if user is not None:
                return signed_in(request, user, next_path)
            form.add_error(None, _("Invalid login or password"))
    return form_page(request, "accounts/sign_in.html", form, next=next_path)


def signed_in(request: HttpRequest, user: User, next_path: str) -> HttpResponse:
    """Answer a right password or a complete login: on to the second factor, or to where this began."""
    rotate_token(request)
    if session_of(request).pending_user is not None:
        return redirect("accounts:challenge")
    response = redirect(next_path or "organizations:home")
    remember_browser(request, response, user)
    return response


@login_not_required
@require_http_methods(SHOWS_AND_ACTS)
@sensitive_post_parameters("code")
def challenge(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST if request.method == "POST" else None)
    return answer_page(request, form, "accounts/challenge.html", backup=False)


@login_not_required
@require_http_methods(SHOWS_AND_ACTS)
@sensitive_post_parameters("code")
def recovery(request: HttpRequest) -> HttpResponse:
    form = RecoveryCodeForm(request.POST if request.method == "POST" else None)
    return answer_page(request, form, "accounts/recovery.html", backup=True)


def answer_page(
    request: HttpRequest, form: CodeForm | RecoveryCodeForm, template: str, *, backup: bool
) -> HttpResponse:
    """Ask the pending login for a proof of one kind, and take the answer."""
    if request.user.is_authenticated:
        return redirect("organizations:home")
    pending = PendingLogin.load(request)
    if pending is None:
        if request.method == "POST":
            messages.error(request, SessionEnded().message)
        return redirect("accounts:sign_in")
    factor = pending.factor(backup=backup)
    if form.is_valid():
        try:
            device = two_factor.answer_challenge(
                pending.user,
                factor,
                form.cleaned_data["code"],
                {},
                purpose=Purpose.LOGIN,
                session=session_of(request),
                actor=Actor.of(request),
                known_browser=pending.user.pk in known_users(request),
            )
        except RuleViolation as error:
            refuse(form, error, "code")
        else:
            if device is not None:
                return signed_in(request, pending.user, pending.next_path)
            form.add_error("code", invalid_code())
    return form_page(request, template, form, description=factor.describe(pending.user, {}))


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    was_signed_in = request.user.is_authenticated
    login.sign_out(session=session_of(request), actor=Actor.of(request))
    if was_signed_in:
        messages.info(request, _("You have signed out."))
    return redirect("accounts:sign_in")


@require_http_methods(SHOWS_AND_ACTS)
@sensitive_post_parameters("code", "password")
def sudo(request: HttpRequest) -> HttpResponse:
    """Ask for a fresh proof: the second factor if enrolled, else the password (D6)."""
    user = signed_in_user(request)
    asked_for = request.POST.get("next") or request.GET.get("next")
    next_path = safe_next(request, asked_for, reverse("organizations:home"))
    if request.method != "POST" and has_sudo(request):
        return redirect(next_path)
    devices = list(factors.devices_of(user)) if user.is_enrolled else []
    factor = chosen(devices, request.POST.get("factor") or request.GET.get("factor"))
    form = sudo_form(factor)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            if prove(request, user, factor, form):
                rotate_token(request)
                return redirect(next_path)
            form.add_error(*wrong_proof(factor))
        except RuleViolation as error:
            refuse(form, error)
    return form_page(
        request,
        "accounts/sudo.html",
        form,
        next=next_path,
        factor=factor,
        description=factor.describe(user, {}) if factor else {},
        alternatives=[other for other in devices if other != factor],
    )


def chosen(devices: list[Factor], slug: str | None) -> Factor | None:
    by_slug = {factor.slug: factor for factor in devices}
    return by_slug.get(slug or "") or (devices[0] if devices else None)


def sudo_form(
    factor: Factor | None,
) -> type[CodeForm] | type[RecoveryCodeForm] | type[PasswordForm]:
    if factor is None:
        return PasswordForm
    return RecoveryCodeForm if factor.is_backup else CodeForm


def wrong_proof(factor: Factor | None) -> tuple[str, str]:
    return ("code", invalid_code()) if factor else ("password", _("That is not your password."))


def prove(
    request: HttpRequest,
    user: User,
    factor: Factor | None,
    form: CodeForm | RecoveryCodeForm | PasswordForm,
) -> bool:
    session, actor = session_of(request), Actor.of(request)
    if factor is None:
        return passwords.prove(user, form.cleaned_data["password"], session=session, actor=actor)
    return (
        two_factor.answer_challenge(
            user,
            factor,
            form.cleaned_data["code"],
            {},
            purpose=Purpose.SUDO,
            session=session,
            actor=actor,
        )
        is not None
    )
