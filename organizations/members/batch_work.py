"""Send the invitations of lists, in portions: the first one at once, the others by `run_due_work`.

A row is marked in the transaction of its invitation (`batches.take`), so nobody is invited twice, whatever
dies in between. The lease of a list keeps two processes from spending the limits twice for one row.
"""

import logging
import time
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from django.db import Error, InterfaceError, OperationalError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts import outbox
from accounts.audit import Actor
from accounts.database.timeouts import unhurried
from accounts.exceptions import RateLimited, RuleViolation
from accounts.models import User, login_key
from organizations.access.rights import lock_organization
from organizations.exceptions import AlreadyMember, NoLongerAllowed, OrganizationGone
from organizations.members.batches import NoLongerWaiting, ended, halt, take
from organizations.members.invitation_limits import concerns_one
from organizations.members.invitations import invite
from organizations.models import InvitationBatch, InvitationBatchRow, Membership, Organization
from organizations.models.batches import LEASE, LONGEST_PAUSE, LONGEST_WAIT, reached
from organizations.models.memberships import requires_more_than

logger = logging.getLogger(__name__)

RowState = InvitationBatchRow.State
PORTION = 20  # rows that a process sends before it turns to the next list
MOST_SECONDS = 20  # for all lists together, in one run: other work waits meanwhile
GIVE_UP = timedelta(days=3)  # without anything done: what a limit still holds up then has failed
KEEP = timedelta(days=30)  # lists that have ended
OTHER = "error"  # the problem of a row that failed by a fault of ours


def send_due() -> int:
    """Invite whom the limits allow, in turn between the lists; return how many rows were dealt with.

    The mails wait for the next step of `run_due_work`: a mail server that is slow holds nothing else up. An
    error of the database ends the turn of one list. It is raised after the others had theirs.
    """
    until = time.monotonic() + MOST_SECONDS
    handled, more = 0, True
    failure: OperationalError | None = None
    stop_unable()
    while more and time.monotonic() < until:
        more = False
        now = timezone.now()
        due = InvitationBatch.objects.sendable(now).order_by("progressed_at", "pk")  # a turn for each
        for pk in due.values_list("pk", flat=True):
            if time.monotonic() >= until:
                break
            try:
                with outbox.left_for_later():
                    number = send_portion(pk)
            except OperationalError as error:
                failure = error
                continue
            handled += number
            more = more or number > 0
    if failure is not None:
        raise failure
    return handled


def send_at_once(batch: InvitationBatch) -> None:
    """Send the first portion within the request. If that fails, `run_due_work` does it."""
    try:
        send_portion(batch.pk)
    except Error as error:
        logger.warning("The first invitations of a list wait for run_due_work: %s", type(error).__name__)


def send_portion(batch_id: int) -> int:
    """Send up to PORTION rows of a list that no other process sends; return how many were dealt with."""
    now = timezone.now()
    lease = now + LEASE
    mine = InvitationBatch.objects.filter(pk=batch_id, leased_until=lease)
    if not InvitationBatch.objects.sendable(now).filter(pk=batch_id).update(leased_until=lease):
        return 0
    try:
        batch = mine.first()
        return send_rows(batch, now) if batch is not None else 0
    finally:
        with suppress(Error):
            mine.update(leased_until=None)


def send_rows(batch: InvitationBatch, now: datetime) -> int:
    organization = Organization.objects.filter(pk=batch.organization_id).first()
    user = User.objects.filter(pk=batch.created_by_id).first()
    if organization is None or user is None or reason_to_stop(batch, organization) is not None:
        stop_one(batch)
        return 0
    actor = Actor.in_background(user, ip=batch.ip, user_agent=batch.user_agent)
    handled = 0
    for row in next_rows(batch, now):
        if not send_row(batch, row, organization, actor):
            break
        handled += 1
    finish(batch)
    return handled


def next_rows(batch: InvitationBatch, now: datetime) -> QuerySet[InvitationBatchRow]:
    """Return the next portion: rows that wait, and that no limit of their own holds up."""
    waiting = InvitationBatchRow.objects.filter(batch=batch.pk, state=RowState.WAITING)
    return waiting.filter(reached("retry_at", now, LONGEST_WAIT)).order_by("pk")[:PORTION]


def send_row(
    batch: InvitationBatch, row: InvitationBatchRow, organization: Organization, actor: Actor
) -> bool:
    """Invite one person; return whether the list can go on at once. A wrong row fails by itself."""
    try:
        invite(organization, row.who, actor=actor, first=partial(begin, batch, row, organization))
    except (NoLongerWaiting, NoLongerAllowed, OrganizationGone):
        return False  # the next turn sees what has become of the list
    except RateLimited as error:
        return postpone(batch, row, error)
    except RuleViolation as error:
        fail(row, error.code)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # the other people have nothing to do with it
        logger.error("A row of %s could not be sent: %s", batch, type(error).__name__)
        fail(row, OTHER)
    return True


def begin(batch: InvitationBatch, row: InvitationBatchRow, organization: Organization) -> None:
    """Mark a row as sent, under the organization's lock. Raises NoLongerWaiting, AlreadyMember."""
    if reason_to_stop(batch, organization) is not None:
        raise NoLongerWaiting
    take(row, RowState.SENT)
    key = login_key(row.who)
    if "@" in key and organization.memberships.active().filter(address_key=key).exists():
        raise AlreadyMember(name=row.who)


def fail(row: InvitationBatchRow, problem: str) -> None:
    with suppress(NoLongerWaiting), transaction.atomic():
        take(row, RowState.FAILED, problem)


def postpone(batch: InvitationBatch, row: InvitationBatchRow, error: RateLimited) -> bool:
    """Have the row wait, or the whole list if others would be refused, too; return whether it can go on.

    The list asks again after LONGEST_PAUSE: an organization that becomes a day old may invite more.
    """
    now, wait = timezone.now(), timedelta(seconds=error.retry_after)
    if not concerns_one(error):
        until = now + min(wait, LONGEST_PAUSE)
        InvitationBatch.objects.running().filter(pk=batch.pk).update(paused_until=until)
        return False
    if batch.progressed_at <= now - GIVE_UP:
        fail(row, error.code)
    else:
        waiting = InvitationBatchRow.objects.filter(pk=row.pk, state=RowState.WAITING)
        waiting.update(retry_at=now + min(wait, LONGEST_WAIT))
    return True


def finish(batch: InvitationBatch) -> None:
    """Mark a list as done once nobody on it waits."""
    waiting = InvitationBatchRow.objects.filter(batch=OuterRef("pk"), state=RowState.WAITING)
    done = InvitationBatch.objects.running().filter(~Exists(waiting), pk=batch.pk)
    done.update(state=InvitationBatch.State.DONE, **ended())


def reason_to_stop(batch: InvitationBatch, organization: Organization) -> InvitationBatch.Reason | None:
    """Return why the person for whom a list acts can no longer invite, None if they can."""
    owners = Membership.objects.owners().filter(organization=organization, user=batch.created_by_id)
    owner = owners.select_related("user").first()
    if owner is None or owner.user is None:
        return InvitationBatch.Reason.NO_OWNER
    if not owner.user.is_active:
        return InvitationBatch.Reason.DEACTIVATED
    if owner.user.level < organization.required_level:
        return InvitationBatch.Reason.LOCKED_OUT
    return None


def stop_unable() -> None:
    """Stop the lists of people who can no longer invite, also of those that wait for a limit."""
    able = Membership.objects.owners().filter(
        ~requires_more_than(F("level")),
        organization=OuterRef("organization_id"),
        user=OuterRef("created_by_id"),
        user__is_active=True,
    )
    for batch in InvitationBatch.objects.running().exclude(Exists(able)).order_by("pk"):
        stop_one(batch)


def stop_one(batch: InvitationBatch) -> None:
    """Stop a list whose person can no longer invite; delete it if its organization is gone."""
    with transaction.atomic():
        try:
            organization = lock_organization(Organization(pk=batch.organization_id))
        except OrganizationGone:
            InvitationBatch.objects.filter(pk=batch.pk).delete()
            return
        if reason := reason_to_stop(batch, organization):
            halt(batch, reason, organization, actor=Actor.in_background(None))


def delete_ended() -> int:
    """Delete lists that ended KEEP ago, with their rows; return how many lists."""
    over = InvitationBatch.objects.filter(finished_at__lt=timezone.now() - KEEP)
    with unhurried():
        keys = list(over.order_by("finished_at").values_list("pk", flat=True))
    for pk in keys:  # each in a transaction of its own: one has up to 10,000 rows
        with unhurried(), transaction.atomic():
            if over.select_for_update(no_key=True).filter(pk=pk).first():  # not tried again since
                InvitationBatchRow.objects.filter(batch=pk).delete()
                InvitationBatch.objects.filter(pk=pk).delete()
    return len(keys)
