"""Start, stop and try again lists of people to invite (docs/decisions/0027).

The state of a list changes under the organization's lock, so nobody is invited after a stop.
"""

from collections.abc import Iterable, Sequence

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.limits import Budget, Told
from accounts.models import User
from accounts.sessions.locks import acting
from organizations.access.rights import LARGEST_ID, lock_with_right
from organizations.events import Event, record
from organizations.exceptions import BatchGone, NothingToTryAgain, TooManyBatches
from organizations.members.invited_lists import NoPeople
from organizations.models import InvitationBatch, InvitationBatchRow, Organization, Right
from organizations.news import ANOTHER_OWNER

RowState, BatchState = InvitationBatchRow.State, InvitationBatch.State
MOST_RUNNING = 5  # lists of one organization at the same time
ROWS_AT_ONCE = 1_000  # of one statement
LISTS = Budget(
    "invite:list",
    (20, 3600),
    (60, 86_400),
    told=Told(gettext_lazy("You have started too many lists of invitations."), ANOTHER_OWNER),
)


class NoLongerWaiting(Exception):
    """Another process has sent this row, or its list was stopped."""


def start(
    organization: Organization, people: Sequence[tuple[int, str]], *, key: str, actor: Actor
) -> InvitationBatch:
    """Accept a list of people to invite: their rows, and usernames or addresses. Sends nothing yet.

    `key` belongs to the preview. A second list with it is the first one, which is returned.
    Raises NoPeople, TooManyBatches, NoLongerAllowed, OrganizationGone, RateLimited, SessionEnded.
    """
    if not people or actor.user is None:
        raise NoPeople
    limits.reserve((LISTS, actor.source))
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.MEMBERS)
        if same := organization.batches.filter(key=key).first():
            return same
        check_running(organization)
        batch = InvitationBatch.objects.create(
            organization=organization,
            key=key,
            created_by=actor.user.username,
            created_by_id=actor.user.pk,
            ip=actor.ip,
            user_agent=actor.user_agent,
            total=len(people),
        )
        InvitationBatchRow.objects.bulk_create(
            [InvitationBatchRow(batch=batch, position=position, who=who) for position, who in people],
            batch_size=ROWS_AT_ONCE,
        )
        record(Event.INVITATIONS_STARTED, organization, actor=actor, list=batch.pk, people=len(people))
    return batch


def stop(organization: Organization, batch_id: int, *, actor: Actor) -> InvitationBatch:
    """Stop a list. People who were invited stay invited; a list that has ended is left as it is.

    Raises BatchGone, NoLongerAllowed, OrganizationGone, SessionEnded.
    """
    with acting(actor, always=True):
        organization = lock_with_right(organization, actor, Right.MEMBERS)
        halt(find(organization, batch_id), InvitationBatch.Reason.OWNER, organization, actor=actor)
    return find(organization, batch_id)


def try_again(organization: Organization, batch_id: int, *, actor: Actor) -> InvitationBatch:
    """Invite those who were not invited: what failed, and what was stopped. The list goes on for this actor.

    Raises BatchGone, NothingToTryAgain, TooManyBatches, NoLongerAllowed, OrganizationGone, RateLimited,
    SessionEnded.
    """
    if actor.user is None:
        raise NothingToTryAgain
    limits.reserve((LISTS, actor.source))
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.MEMBERS)
        batch = find(organization, batch_id)
        if not batch.to_try_again:
            raise NothingToTryAgain
        check_running(organization)
        # The list before its rows, as everywhere.
        InvitationBatch.objects.filter(pk=batch.pk).update(
            state=BatchState.RUNNING,
            reason="",
            stopped_by="",
            failed=0,
            created_by=actor.user.username,
            created_by_id=actor.user.pk,
            ip=actor.ip,
            user_agent=actor.user_agent,
            paused_until=None,
            progressed_at=timezone.now(),
            finished_at=None,
        )
        number = batch.not_invited.update(state=RowState.WAITING, problem="", retry_at=None)
        record(Event.INVITATIONS_STARTED, organization, actor=actor, list=batch.pk, people=number)
    return find(organization, batch_id)


def find(organization: Organization, batch_id: int) -> InvitationBatch:
    """Return a list of this organization. Raises BatchGone."""
    batch = organization.batches.filter(pk=batch_id).first() if batch_id <= LARGEST_ID else None
    if batch is None:
        raise BatchGone
    return batch


def check_running(organization: Organization) -> None:
    """Raise TooManyBatches if no further list can run. The caller holds the organization's lock."""
    if organization.batches.running().count() >= MOST_RUNNING:
        raise TooManyBatches(name=organization.name, number=MOST_RUNNING)


def halt(
    batch: InvitationBatch, reason: InvitationBatch.Reason, organization: Organization, *, actor: Actor
) -> None:
    """Stop a list, unless it has ended. The caller holds the organization's lock."""
    by_owner = actor.user.username if reason == InvitationBatch.Reason.OWNER and actor.user else ""
    changed = (
        InvitationBatch.objects.running()
        .filter(pk=batch.pk)
        .update(state=BatchState.STOPPED, reason=reason, stopped_by=by_owner, **ended())
    )
    if not changed:
        return
    waiting = InvitationBatchRow.objects.filter(batch=batch.pk, state=RowState.WAITING)
    number = waiting.update(state=RowState.STOPPED, retry_at=None)
    record(
        Event.INVITATIONS_STOPPED,
        organization,
        actor=actor,
        user=User.objects.filter(pk=batch.created_by_id).first(),
        list=batch.pk,
        people=number,
        reason=reason.value,
    )


def ended() -> dict[str, object]:
    """Return the columns of a list that has ended. From where it was started is forgotten."""
    return {
        "finished_at": timezone.now(),
        "leased_until": None,
        "paused_until": None,
        "ip": None,
        "user_agent": "",
    }


def halt_lists_of(organization: Organization, user_ids: Iterable[int | None], *, actor: Actor) -> None:
    """Stop the lists of people who lose their rights. The caller holds the organization's lock."""
    for batch in organization.batches.running().filter(created_by_id__in=list(user_ids)).order_by("pk"):
        halt(batch, InvitationBatch.Reason.NO_OWNER, organization, actor=actor)


def take(row: InvitationBatchRow, state: InvitationBatchRow.State, problem: str = "") -> None:
    """Write what became of a row, in the transaction of it. Raises NoLongerWaiting.

    The row of the list comes first, as in `halt`: both wait there for each other, and for nothing else.
    """
    column = "sent" if state == RowState.SENT else "failed"
    running = InvitationBatch.objects.running().filter(pk=row.batch_id)
    if not running.update(**{column: F(column) + 1, "progressed_at": timezone.now()}):
        raise NoLongerWaiting
    waiting = InvitationBatchRow.objects.filter(pk=row.pk, state=RowState.WAITING)
    if not waiting.update(state=state, problem=problem, retry_at=None):
        raise NoLongerWaiting
