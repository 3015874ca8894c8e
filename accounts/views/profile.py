"""User Settings: profile, time zone, deletion of the account, and activity."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts.audit import activity as history
from accounts.exceptions import RuleViolation
from accounts.forms import AddressForm, PasswordForm, TimeZoneForm
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.users import email_addresses, passwords, registration, time_zones
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation, form_page
from accounts.web.methods import get_or_post
from accounts.web.pages import id_before

PAGE = "accounts:profile"


@require_safe
def profile(request: SignedInRequest) -> HttpResponse:
    return profile_page(request, AddressForm())


def profile_page(request: SignedInRequest, form: AddressForm) -> HttpResponse:
    waiting = email_addresses.unconfirmed_address(request.user)
    note = email_addresses.note_on_apps(request.user)
    return form_page(
        request,
        "accounts/profile.html",
        form,
        unconfirmed_address=waiting,
        says_to_confirm=waiting,  # so that the banner does not say it as well
        note_on_apps=note,
    )


@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("change your email address"))
def change_email(request: SignedInRequest) -> HttpResponse:
    user = request.user
    form = AddressForm(request.POST)
    if not form.is_valid():
        return profile_page(request, form)
    try:
        user = email_addresses.change_email(user, form.cleaned_data["email"], actor=request.actor)
    except RuleViolation as error:
        add_violation(form, error, "email")
        return profile_page(request, form)
    if email_addresses.unconfirmed_address(user):
        messages.success(request, _("We have sent a link to the new address. Open it to finish the change."))
    else:
        messages.info(request, _("Your email address stays as it is."))
    return redirect(PAGE)


@get_or_post
def time_zone(request: SignedInRequest) -> HttpResponse:
    """Show the choice of a time zone, and store it."""
    user = request.user
    form = TimeZoneForm(request.POST if request.method == "POST" else None, stored=user.time_zone)
    if form.is_valid():
        if time_zones.change_time_zone(user, form.cleaned_data["time_zone"], actor=request.actor):
            messages.success(request, _("Your time zone was changed."))
        else:
            messages.info(request, _("Your time zone stays as it is."))
        return redirect(PAGE)
    return form_page(request, "accounts/time_zone.html", form)


@get_or_post
@sudo_required(page="accounts:delete_account", to=gettext_lazy("delete your account"), back=PAGE)
@sensitive_post_parameters("password")
def delete_account(request: SignedInRequest) -> HttpResponse:
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        user, session, actor = request.user, request.session, request.actor
        try:
            passwords.confirm(user, form.cleaned_data["password"], session=session, actor=actor)
            registration.delete_account(user, session=session, actor=actor)
        except RuleViolation as error:
            add_violation(form, error)
        else:
            messages.success(request, _("Your account was deleted."))
            return redirect("accounts:sign_in")
    return form_page(request, "accounts/delete_account.html", form)


@require_safe
def activity(request: SignedInRequest) -> HttpResponse:
    """Show the events of this account, newest first; `before` is the id of the last event already shown."""
    page = history.activity_page(request.user, id_before(request))
    return render(request, "accounts/activity.html", {"entries": page.entries, "next": page.next})
