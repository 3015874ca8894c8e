"""Sign up, and confirm the email address."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts.exceptions import RuleViolation
from accounts.forms import AddressForm, SignUpForm
from accounts.sessions.requests import SignedInRequest, SiteRequest
from accounts.users import email_addresses, registration
from accounts.users.invited import SIGN_UP_COOKIE, Proof, proof_of, welcome
from accounts.users.joining import SignUpClosed, may_sign_up
from accounts.users.link_texts import LinkInvalid, LinkOfAnother
from accounts.users.links import LinkCookie, check_reader
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation, form_page
from accounts.web.forms import Form
from accounts.web.methods import get_or_post
from accounts.web.redirects import safe_next

PAGE = "accounts:confirm_email"
COOKIE = LinkCookie("confirm-email", PAGE)
ANOTHER = "another"  # in the URL: forget the invitation, and sign up with another address
STAY = "stay"  # in the URL: forget the link of another account


@login_not_required
@get_or_post
@sensitive_post_parameters("password")
def sign_up(request: SiteRequest) -> HttpResponse:
    """Create an account; with the link of an invitation, for the address that it proves."""
    asked_for = request.POST.get("next") or request.GET.get("next")
    next_path = safe_next(request, asked_for, "")
    if request.method != "POST" and request.user.is_authenticated:
        return redirect(next_path or "organizations:home")
    if ANOTHER in request.GET:
        return SIGN_UP_COOKIE.forget(redirect("accounts:sign_up"))
    token = SIGN_UP_COOKIE.token(request)
    proof = proof_of(token)
    form = SignUpForm(
        request.POST if request.method == "POST" else None, address=proof.address if proof else ""
    )
    if form.is_valid():
        try:
            registration.sign_up(
                **form.cleaned_data, session=request.session, actor=request.actor, invitation_token=token
            )
        except RuleViolation as error:
            if isinstance(error, SignUpClosed) and request.user.is_authenticated:
                return redirect(next_path or "organizations:home")  # done in another tab
            add_violation(form, error)
        else:
            rotate_token(request)
            return SIGN_UP_COOKIE.forget(redirect(after_sign_up(proof, next_path)))
    elif form.is_bound:
        add_mistakes(request, form)
    context = {
        "next": next_path,
        "invited": welcome(request, SIGN_UP_COOKIE) if token else None,
        "can_sign_up": may_sign_up(proof),
        "another": f"?{ANOTHER}" if proof and may_sign_up(None) else "",
    }
    return form_page(request, "accounts/sign_up.html", form, **context)


def after_sign_up(proof: Proof | None, next_path: str) -> str:
    """Return where a new account goes first. It does not depend on whether its address is confirmed."""
    if proof is None or next_path not in ("", reverse("organizations:invitation")):
        return next_path or PAGE
    return proof.page


def add_mistakes(request: SiteRequest, form: SignUpForm) -> None:
    """Add what only the verb knows to the mistakes of a form: all are told at once."""
    right = {name: form.cleaned_data.get(name, "") for name in form.fields}
    token = SIGN_UP_COOKIE.token(request)
    for violation in registration.mistakes(**right, actor=request.actor, invitation_token=token):
        add_violation(form, violation)


@login_not_required
@require_safe
def confirm_email_link(request: SiteRequest, token: str) -> HttpResponse:
    return COOKIE.take(token)


@get_or_post
def confirm_email(request: SignedInRequest) -> HttpResponse:
    """Show the unconfirmed address; on POST confirm it, with the token from the link's cookie.

    Only for signed-in users: the link alone must not give the account to the owner of a mistyped address.
    A link that was used, or is not theirs, leads to what is true now (D42).
    """
    if STAY in request.GET:
        to_confirm = email_addresses.unconfirmed_address(request.user)
        return COOKIE.forget(redirect(PAGE if to_confirm else "organizations:home"))
    form = Form(request.POST if request.method == "POST" else None)
    token = COOKIE.token(request)
    try:
        check_reader(token, request.user)
        email_addresses.ensure_unconfirmed(request.user)
        if form.is_valid():
            email_addresses.confirm_email(request.user, token, actor=request.actor)
            note = email_addresses.note_on_apps(request.user)
            messages.success(request, f"{_('Your email address is confirmed.')} {note}".strip())
            return COOKIE.forget(redirect("organizations:home"))
    except LinkOfAnother as error:
        return COOKIE.of_another(request, error, stay=f"{COOKIE.path}?{STAY}")
    except email_addresses.NothingToConfirm as error:
        messages.info(request, str(error))
        return COOKIE.forget(redirect("accounts:profile"))
    except RuleViolation as error:
        add_violation(form, error)
    response = confirmation_page(request, form)
    return COOKIE.forget(response) if form.errors else response


def confirmation_page(request: SignedInRequest, form: Form) -> HttpResponse:
    """Show the unconfirmed address. `form` is the form of the page that was sent, or an unbound one."""
    token, problem = COOKIE.token(request), ""
    try:
        if token and not form.errors:
            email_addresses.CONFIRM.check(token, request.user)
    except LinkInvalid as error:
        problem = str(error)
    return form_page(
        request,
        "accounts/confirm_email.html",
        form,
        address=email_addresses.unconfirmed_address(request.user),
        has_link=bool(token) and not problem and not form.errors,
        problem=problem,
        correction=form if isinstance(form, AddressForm) else AddressForm(),
    )


@post_only(PAGE)
def resend_confirmation(request: SignedInRequest) -> HttpResponse:
    form = Form(request.POST)
    try:
        email_addresses.resend_confirmation(request.user, actor=request.actor)
    except RuleViolation as error:
        add_violation(form, error)
        return confirmation_page(request, form)
    messages.success(request, _("The email is on its way."))
    return COOKIE.forget(redirect(PAGE))


@post_only(PAGE)
def correct_email(request: SignedInRequest) -> HttpResponse:
    """Correct the address of a new account. Changing a confirmed one needs sudo, on the profile page."""
    user = request.user
    if user.email_confirmed:
        return redirect("accounts:profile")
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            email_addresses.change_email(user, form.cleaned_data["email"], actor=request.actor)
        except RuleViolation as error:
            add_violation(form, error, "email")
        else:
            messages.success(request, _("The email is on its way."))
            return COOKIE.forget(redirect(PAGE))
    return confirmation_page(request, form)
