"""Check the lists of invitations for `manage.py doctor`: nobody on them waits for ever unseen."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.management.doctor import Check, Note
from organizations.models import InvitationBatch, InvitationBatchRow, Organization

STANDS_STILL = timedelta(days=2)
STATE = InvitationBatchRow.State


def lists_go_on() -> Iterator[str]:
    """Note lists of which nothing was sent for two days: run_due_work would send, or give up."""
    still = InvitationBatch.objects.running().filter(progressed_at__lt=timezone.now() - STANDS_STILL)
    names = dict(Organization.objects.filter(batches__in=still).values_list("pk", "name"))
    for batch in still.order_by("pk"):
        name = names.get(batch.organization_id, f"organization {batch.organization_id}")
        yield Note(
            f"{name}: {batch.left} people on {batch} have waited since {batch.progressed_at:%Y-%m-%d %H:%M} "
            "UTC. Check that run_due_work runs, and what its log says"
        )


def lists_count_their_rows() -> Iterator[str]:
    """Check that the numbers on the page are those of the rows."""
    rows = InvitationBatch.objects.annotate(
        rows_sent=Count("rows", filter=Q(rows__state=STATE.SENT)),
        rows_failed=Count("rows", filter=Q(rows__state=STATE.FAILED)),
        rows_all=Count("rows"),
        rows_waiting=Count("rows", filter=Q(rows__state=STATE.WAITING)),
    )
    right = Q(rows_sent=F("sent"), rows_failed=F("failed"), rows_all=F("total"))
    for batch in rows.exclude(right).order_by("pk"):
        yield f"{batch}: its totals don't match its rows"
    ended = ~Q(state=InvitationBatch.State.RUNNING)
    for batch in rows.filter(ended, rows_waiting__gt=0).order_by("pk"):
        yield f"{batch} has ended, but people on it are still waiting"


def lists_are_sound() -> Iterator[str]:
    yield from lists_count_their_rows()
    yield from lists_go_on()


LISTS = {"lists of invitations": Check(lists_are_sound)}
