"""Organization settings > Users > a list of people to invite: how far it is, who was not invited."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.database.reading import read_in_batches
from accounts.exceptions import RuleViolation
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.downloads import csv_lines, download
from accounts.web.durations import when
from accounts.web.numbered import number_links, page_number, page_of_rows
from accounts.web.statuses import status_of
from organizations.access.gate import owner_required
from organizations.exceptions import BatchGone, NoLongerAllowed, OrganizationGone
from organizations.members import batch_progress, batch_work, batches
from organizations.models import InvitationBatch, Membership, Organization

PAGE = "organizations:batch"


@require_safe
@owner_required
def batch(
    request: SignedInRequest, organization: Organization, membership: Membership, batch_id: int
) -> HttpResponse:
    return batch_page(request, organization, membership, batch_id)


def batch_page(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    batch_id: int,
    status: int = 200,
) -> HttpResponse:
    """Render how far a list is, and who was not invited."""
    found = find_or_404(organization, batch_id)
    page = page_of_rows(found.not_invited.order_by("pk"), page_number(request))
    paused = found.held_up_until
    context = {
        "organization": organization,
        "membership": membership,
        "batch": found,
        "time_left": batch_progress.time_left(found, organization),
        "goes_on": when(round((paused - timezone.now()).total_seconds())) if paused else "",
        "why_stopped": batch_progress.why_stopped(found),
        "page": page.with_rows([(row, batch_progress.problem_of(row)) for row in page.rows]),
        **number_links(page, reverse(PAGE, args=[organization.name, found.pk])),
    }
    return render(request, "organizations/batch.html", context, status=status)


def find_or_404(organization: Organization, batch_id: int) -> InvitationBatch:
    try:
        return batches.find(organization, batch_id)
    except BatchGone as error:
        raise Http404 from error


@owner_required
@post_only(PAGE)
def stop(
    request: SignedInRequest, organization: Organization, membership: Membership, batch_id: int
) -> HttpResponse:
    return act(request, organization, membership, batch_id, batches.stop)


@owner_required
@post_only(PAGE)
def try_again(
    request: SignedInRequest, organization: Organization, membership: Membership, batch_id: int
) -> HttpResponse:
    def send_too(organization: Organization, batch_id: int, *, actor: object) -> None:
        batch_work.send_at_once(batches.try_again(organization, batch_id, actor=request.actor))

    return act(request, organization, membership, batch_id, send_too)


def act(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    batch_id: int,
    verb: Callable[..., object],
) -> HttpResponse:
    """Apply a verb to a list, and redirect to its page, which says what has become of it."""
    try:
        verb(organization, batch_id, actor=request.actor)
    except (NoLongerAllowed, OrganizationGone):
        raise
    except BatchGone as error:
        raise Http404 from error
    except RuleViolation as error:
        messages.error(request, str(error))
        return batch_page(request, organization, membership, batch_id, status=status_of(error))
    return redirect(PAGE, organization.name, batch_id)


@require_safe
@owner_required
def not_invited(
    request: SignedInRequest, organization: Organization, membership: Membership, batch_id: int
) -> HttpResponse:
    """Download who was not invited, and why. The file can be corrected, and chosen again."""
    found = find_or_404(organization, batch_id)
    cells = (
        (row.position, row.who, batch_progress.problem_of(row)) for row in read_in_batches(found.not_invited)
    )
    file = download(csv_lines(["row", "email", "problem"], cells), f"not-invited-{found.pk}.csv")
    return cast(HttpResponse, file)  # streamed: Django's two kinds of responses share a base only
