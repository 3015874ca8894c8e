"""User Settings > Two Factor Authentication."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import backup_codes, factors, passwords, signals, two_factor
from accounts.answers import form_page, refuse
from accounts.assurance import signed_in_user, sudo_required
from accounts.audit import Actor
from accounts.exceptions import EnrolmentExpired, RateLimited, RuleViolation, WrongPassword
from accounts.factors.base import Factor
from accounts.forms import CodeForm, MethodForm, PasswordForm
from accounts.models import User
from accounts.pending import PendingEnrolment
from accounts.redirects import safe_next
from accounts.sessions import session_of

PAGE = "accounts:two_factor"


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    next_path = safe_next(request, request.GET.get("next"), "")
    return overview_page(request, MethodForm(), next=next_path)


def overview_page(request: HttpRequest, form: MethodForm, **context: Any) -> HttpResponse:
    user = signed_in_user(request)
    devices = factors.devices_of(user) if user.is_enrolled else {}
    backup = [device for factor, device in devices.items() if factor.is_backup]
    return form_page(
        request,
        "accounts/two_factor.html",
        form,
        devices=[
            {"factor": factor, "device": device} for factor, device in devices.items() if not factor.is_backup
        ],
        codes_left=backup_codes.left(user) if backup else 0,
        codes_total=10,
        codes_last_used=backup[0].last_used_at if backup else None,
        low_stock=backup_codes.LOW_STOCK,
        **context,
    )


@require_POST
@sudo_required(page=PAGE)
def enable(request: HttpRequest) -> HttpResponse:
    """Begin with the chosen method: the first one, or one more."""
    user = signed_in_user(request)
    form = MethodForm(request.POST)
    next_path = safe_next(request, request.POST.get("next"), "")
    if not form.is_valid():
        return overview_page(request, form, next=next_path)
    factor = factor_or_404(form.cleaned_data["method"])
    if factor.device_of(user) is not None:
        messages.info(request, _("That method is configured already."))
        return redirect(PAGE)
    return begin(request, user, factor, next_path=next_path, replacing=False)


@require_POST
@sudo_required(page=PAGE)
def replace(request: HttpRequest, factor: str) -> HttpResponse:
    """Begin to put a new device in the place of one that goes on working until then."""
    user = signed_in_user(request)
    chosen = factor_or_404(factor)
    if chosen.device_of(user) is None:
        raise Http404
    return begin(request, user, chosen, next_path="", replacing=True)


def begin(
    request: HttpRequest, user: User, factor: Factor, *, next_path: str, replacing: bool
) -> HttpResponse:
    try:
        PendingEnrolment.start(request, user, factor, next_path=next_path, replacing=replacing)
    except RuleViolation as error:
        messages.error(request, error.message)
        return redirect(PAGE)
    return redirect("accounts:confirm")


def factor_or_404(slug: str) -> Factor:
    factor = factors.get(slug)
    if factor is None or factor.is_backup:
        raise Http404
    return factor


@require_http_methods(["GET", "HEAD", "POST"])
@sudo_required(page="accounts:confirm")
@sensitive_post_parameters("code")
def confirm(request: HttpRequest) -> HttpResponse:
    """Show what to scan, ask for a code, and show the backup codes that come with the first device."""
    user = signed_in_user(request)
    pending = PendingEnrolment.load(request, user)
    if pending is None:
        if request.method == "POST":
            messages.error(request, _("That set-up has ended. Please start again."))
        return redirect(PAGE)
    form = CodeForm(request.POST if request.method == "POST" else None)
    try:
        return answer_enrolment(request, user, pending, form)
    except EnrolmentExpired as error:  # confirmed or cancelled while this was on its way
        messages.error(request, error.message)
        return redirect(PAGE)


@sensitive_variables("enrolment")
def answer_enrolment(
    request: HttpRequest, user: User, pending: PendingEnrolment, form: CodeForm
) -> HttpResponse:
    if form.is_valid():
        try:
            enrolment = two_factor.confirm_enrolment(
                user,
                pending.factor,
                form.cleaned_data["code"],
                pending.state,
                session=session_of(request),
                actor=Actor.of(request),
            )
        except RateLimited as error:
            refuse(form, error, "code")
        else:
            if enrolment is not None:
                return confirmed(request, pending, enrolment.codes)
            form.add_error("code", _("Invalid authentication code!"))
    description = pending.factor.describe(user, pending.state, enrolling=True)
    return form_page(
        request,
        "accounts/two_factor_confirm.html",
        form,
        description=description,
        replacing=pending.replacing,
    )


def confirmed(request: HttpRequest, pending: PendingEnrolment, codes: list[str]) -> HttpResponse:
    PendingEnrolment.forget(request)
    if codes:
        return codes_page(request, codes, fresh=True, next_path=pending.next_path)
    messages.success(request, _("Your new device is in use. The old one no longer works."))
    return redirect(pending.next_path or PAGE)


@sensitive_variables("codes")
def codes_page(request: HttpRequest, codes: list[str], *, fresh: bool, next_path: str = "") -> HttpResponse:
    """Show codes in the answer to the POST that made them: they stand under no URL of their own."""
    response = form_page(
        request,
        "accounts/two_factor_codes.html",
        CodeForm(),
        codes=codes,
        fresh=fresh,
        continue_url=next_path or reverse(PAGE),
    )
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    pending = PendingEnrolment.load(request, user)
    if pending is not None:
        two_factor.cancel_enrolment(user, pending.factor, pending.state, actor=Actor.of(request))
        messages.info(request, _("Nothing was changed."))
    PendingEnrolment.forget(request)
    return redirect(PAGE)


@require_POST
@sudo_required(page=PAGE)
@sensitive_variables("codes")
def reveal_codes(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    codes = backup_codes.reveal(user, session=session_of(request), actor=Actor.of(request))
    return overview_page(request, MethodForm(), codes=codes)


@require_POST
@sudo_required(page=PAGE)
@sensitive_variables("codes")
def renew_codes(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    codes = backup_codes.renew(user, session=session_of(request), actor=Actor.of(request))
    return codes_page(request, codes, fresh=False)


@require_http_methods(["GET", "HEAD", "POST"])
@sudo_required(page="accounts:disable")
@sensitive_post_parameters("password")
def disable(request: HttpRequest) -> HttpResponse:
    """Name what gets locked (D4) or what forbids it (D3), ask for the password, disable (R30)."""
    user = signed_in_user(request)
    if not user.is_enrolled:
        messages.info(request, _("Two-factor authentication is not enabled."))
        return redirect(PAGE)
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        session, actor = session_of(request), Actor.of(request)
        try:
            if not passwords.confirm(user, form.cleaned_data["password"], actor=actor):
                raise WrongPassword
            two_factor.disable(user, actor=actor, session=session)
        except RuleViolation as error:
            refuse(form, error, "password")
        else:
            messages.success(request, _("Two-factor authentication is now disabled."))
            return redirect(PAGE)
    return form_page(
        request,
        "accounts/two_factor_disable.html",
        form,
        consequences=consequences_of_disabling(user),
    )


def consequences_of_disabling(user: User) -> dict[str, list[str]]:
    """Return the names of what forbids it ("refused_by") and of what gets locked ("locks")."""
    consequences: dict[str, list[str]] = {"refused_by": [], "locks": []}
    answers: list[tuple[Any, Any]] = signals.two_factor_consequences.send(User, user=user)
    for _receiver, answer in answers:
        for kind, names in answer.items():
            consequences[kind] += names
    return consequences
