"""Organization settings > Audit Trail: what happened in the organization, for owners, and its export."""

from typing import Any, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.audit.retention import stored_days
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.downloads import download
from accounts.web.form_pages import form_page
from accounts.web.keyset import KeysetPage, keyset_page, page_links
from organizations.access.gate import owner_required
from organizations.forms.audit_trail import ExportForm, TrailForm
from organizations.models import Membership, Organization
from organizations.trail.entries import TrailEntry
from organizations.trail.exporting import Format, export
from organizations.trail.reading import NEWEST_FIRST, trail_of

PAGE = "organizations:audit_trail"


@require_safe
@owner_required
def audit_trail(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    return trail_page(request, organization, membership, TrailForm(request.GET))


def trail_page(
    request: SignedInRequest, organization: Organization, membership: Membership, form: TrailForm
) -> HttpResponse:
    """Render a page of events. With a filter that can't be read it has the mistake, and no events."""
    path = reverse(PAGE, args=[organization.name])
    page: KeysetPage[Any] = KeysetPage([])
    links, chosen = {}, {}
    if form.is_valid():
        chosen = form.filters.as_text()
        page = keyset_page(trail_of(organization, form.filters), request.GET, NEWEST_FIRST)
        links = page_links(page, path, **chosen)
    context = {
        "organization": organization,
        "membership": membership,
        "chosen": chosen,
        "entries": [TrailEntry.of(event) for event in page.rows],
        "days_kept": stored_days(),
        **links,
    }
    return form_page(request, "organizations/audit_trail.html", form, **context)


@owner_required
@post_only(PAGE)
def export_audit_trail(
    request: SignedInRequest, organization: Organization, membership: Membership
) -> HttpResponse:
    """Answer with the file. It is recorded, so it takes a form."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        return trail_page(request, organization, membership, form)
    chosen = Format(form.cleaned_data["format"])
    lines = export(organization, form.filters, chosen, actor=request.actor)
    today = timezone.localdate().isoformat()
    name = f"audit-trail-{organization.name}-{today}.{chosen.value}"
    return cast(HttpResponse, download(lines, name))
