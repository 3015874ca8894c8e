"""Organization settings > General."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.form_pages import form_page
from accounts.web.methods import get_or_post
from organizations import lifecycle
from organizations.access.gate import owner_required
from organizations.forms.organizations import DeleteForm, GeneralForm
from organizations.models import Membership, Organization


@get_or_post
@owner_required
def general(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    form = GeneralForm(
        request.POST if request.method == "POST" else None, initial={"email": organization.email}
    )
    if form.is_valid():
        lifecycle.update_organization(organization, email=form.cleaned_data["email"], actor=request.actor)
        messages.success(request, _("Saved."))
        return redirect("organizations:general", organization.name)
    return form_page(
        request,
        "organizations/general.html",
        form,
        organization=organization,
        membership=membership,
    )


@get_or_post
@owner_required
@sudo_required(
    page="organizations:delete", to=gettext_lazy("delete the organization"), back="organizations:general"
)
def delete(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    form = DeleteForm(organization, request.POST if request.method == "POST" else None)
    if form.is_valid():
        lifecycle.delete_organization(organization, actor=request.actor)
        messages.success(request, _("%(name)s has been deleted.") % {"name": organization.name})
        return redirect("organizations:home")
    return form_page(
        request,
        "organizations/delete.html",
        form,
        organization=organization,
        membership=membership,
    )
