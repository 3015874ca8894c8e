"""Sudo (step-up): ask the signed-in user for a fresh proof."""

from typing import TypeAlias

from django.contrib import messages
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts import factors
from accounts.exceptions import RuleViolation
from accounts.factors import refusals
from accounts.factors.base import Factor
from accounts.factors.challenges import Purpose
from accounts.factors.levels import proof_level
from accounts.factors.refusals import Refusal
from accounts.forms import CodeForm, PasswordForm, RecoveryCodeForm
from accounts.login import proofs
from accounts.login.pending import PendingChallenge
from accounts.models import User
from accounts.sessions.assurance import FORM, LEVEL, Reason, has_sudo, reason_of
from accounts.sessions.requests import SignedInRequest
from accounts.two_factor.choices import Choice, begin
from accounts.web.form_pages import add_violation, form_page
from accounts.web.methods import get_or_post
from accounts.web.redirects import safe_next

AnyForm: TypeAlias = CodeForm | RecoveryCodeForm | PasswordForm


@get_or_post
@sensitive_post_parameters("code", "password")
def sudo(request: SignedInRequest) -> HttpResponse:
    """Ask for a fresh proof: the second factor if enrolled, else the password (D6)."""
    user, reason = request.user, asked_for(request)
    if request.method != "POST" and has_sudo(request) and proof_level(user) >= reason.level:
        return redirect(reason.next_path)
    devices, set_aside = asked_of(user, reason.level)
    factor = factors.chosen(devices, request.POST.get("factor") or request.GET.get("factor"))
    form = sudo_form(factor)(request.POST if request.method == "POST" else None)
    refusal = None
    if form.is_valid():
        try:
            if prove(request, user, factor, form):
                return proved(request, reason)
            refusal = wrong_proof(request, user, factor, form)
            form.add_error("code" if factor else "password", refusal.message)
            devices, set_aside = asked_of(user, reason.level)
        except RuleViolation as error:
            add_violation(form, error)
    return form_page(
        request,
        "accounts/sudo.html",
        form,
        next=reason.next_path,
        reason=reason,
        choice=Choice.waiting(request, reason.form),
        factor=factor,
        description=PendingChallenge.describe(request, user, factor, Purpose.SUDO) if factor else {},
        set_aside=set_aside,
        alternatives=[other for other in devices if other != factor],
        belongs_to=refusal and refusal.belongs_to,
    )


def asked_for(request: SignedInRequest) -> Reason:
    """Return for what a proof is asked, and where it leads: the page or its form says so."""
    next_path, form, level = (
        request.POST.get(name) or request.GET.get(name) for name in ("next", FORM, LEVEL)
    )
    home = reverse("organizations:home")
    return reason_of(safe_next(request, next_path, home), safe_next(request, form, ""), level or "")


def proved(request: SignedInRequest, reason: Reason) -> HttpResponse:
    """Begin the set-up that waited for this proof. Else lead back: a refused form has to be sent again."""
    PendingChallenge.forget(request)
    rotate_token(request)
    choice = Choice.take(request, reason.form, request.POST.get("choice", ""))
    if choice is not None:
        return begin(request, choice)
    if reason.form:
        words = _("You have confirmed that it's you. Nothing has been done yet: you can now %(to)s.")
        messages.success(request, words % {"to": reason.to})
    return redirect(reason.next_path)


def asked_of(user: User, level: int) -> tuple[list[Factor], list[Factor]]:
    """Return the factors that this user can use for a proof of this level, and those that were set aside.

    Where the user has none of that level, the address asks for what nobody can give: all are offered.
    """
    if not user.is_enrolled:
        return [], []
    methods = factors.methods_of(user)
    least = min(level, user.level)
    working = [factor for factor in methods.working if factor.level >= least]
    return [*working, *factors.backup()], [factor for factor in methods.set_aside if factor.level >= least]


def sudo_form(factor: Factor | None) -> type[CodeForm] | type[RecoveryCodeForm] | type[PasswordForm]:
    if factor is None:
        return PasswordForm
    return RecoveryCodeForm if factor.is_backup else CodeForm


def wrong_proof(request: SignedInRequest, user: User, factor: Factor | None, form: AnyForm) -> Refusal:
    if factor is None:
        return Refusal(_("That isn't your password."))
    state = PendingChallenge.state_for(request, factor, Purpose.SUDO)
    return refusals.explain(user, factor, form.cleaned_data["code"], state)


def prove(
    request: SignedInRequest,
    user: User,
    factor: Factor | None,
    form: AnyForm,
) -> bool:
    session, actor = request.session, request.actor
    if factor is None:
        return proofs.prove_by_password(user, form.cleaned_data["password"], session=session, actor=actor)
    return (
        proofs.answer_challenge(
            user,
            factor,
            form.cleaned_data["code"],
            PendingChallenge.state_for(request, factor, Purpose.SUDO),
            purpose=Purpose.SUDO,
            session=session,
            actor=actor,
        )
        is not None
    )
