"""Organization settings > Authentication > Evidence: what an export holds, and the export."""

from typing import cast

from django.http import HttpResponse
from django.utils.translation import gettext_lazy

from accounts.evidence.keys import served_keys
from accounts.exceptions import RateLimited
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.downloads import download
from accounts.web.form_pages import add_violation, form_page
from accounts.web.methods import get_or_post
from organizations.access.gate import owner_required
from organizations.evidence.exporting import begin_export
from organizations.forms.evidence import ExportForm
from organizations.models import Membership, Organization

AUTHENTICATION = "organizations:authentication"
PAGE = "organizations:evidence"


@get_or_post
@owner_required
@sudo_required(page=PAGE, to=gettext_lazy("export two-factor evidence"), back=AUTHENTICATION)
def evidence(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """Say what an export holds and how it is verified; send it, because it is recorded, on POST only."""
    form = ExportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            export = begin_export(organization, form.cleaned_data["format"], actor=request.actor)
        except RateLimited as error:
            add_violation(form, error, "format")
        else:
            # It is a response like others for the gate, though Django has them apart.
            return cast(HttpResponse, download(export.blocks(), export.name))
    return page(request, organization, membership, form)


def page(
    request: SignedInRequest, organization: Organization, membership: Membership, form: ExportForm
) -> HttpResponse:
    return form_page(
        request,
        "organizations/evidence.html",
        form,
        organization=organization,
        membership=membership,
        keys=served_keys(),
    )
