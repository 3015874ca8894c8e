"""Define lists of people who are invited in one run, over hours if the limits ask for it."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import USERNAME_LENGTH
from accounts.models.clocks import CLOCK_SKEW
from organizations.models.organizations import Organization

LONGEST_WHO = 254  # characters of a username or an address
LEASE = timedelta(minutes=2)  # of the process that sends a portion: longer than one portion can take
LONGEST_PAUSE = timedelta(hours=1)  # of a whole list: its limits are asked again after that
LONGEST_WAIT = timedelta(days=1)  # of one row: the longest window of a limit that concerns one person


def reached(column: str, now: datetime, longest: timedelta) -> Q:
    """Return the condition that the time in this column has come, or that there is none.

    A time that is further ahead than `longest` was written while the clock was ahead (D43).
    """
    late = {f"{column}__gt": now + longest + CLOCK_SKEW}
    return Q(**{column: None}) | Q(**{f"{column}__lte": now}) | Q(**late)


class InvitationBatchQuerySet(models.QuerySet["InvitationBatch"]):
    def running(self) -> Self:
        return self.filter(state=InvitationBatch.State.RUNNING)

    def sendable(self, now: datetime) -> Self:
        """Return those that no process sends at the moment, and that no limit holds up as a whole."""
        free = reached("leased_until", now, LEASE)
        return self.running().filter(free, reached("paused_until", now, LONGEST_PAUSE))


class InvitationBatch(models.Model):
    """A list of people to invite. It acts for the person who started it, or who tried it again last.

    Its state changes under the lock of the organization only. `sent` and `failed` change in the transaction
    of the row that they count.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Finished")
        STOPPED = "stopped", _("Stopped")

    class Reason(models.TextChoices):
        """Why a list was stopped. The labels are for the audit trail."""

        OWNER = "owner", _("by an owner")
        NO_OWNER = "no-owner", _("the person who started it is no longer an owner")
        DEACTIVATED = "deactivated", _("the account of the person who started it was deactivated")
        LOCKED_OUT = (
            "locked-out",
            _("the person who started it hasn't set up the required two-factor authentication"),
        )

    # PROTECT: only the verb deletes organizations. Without a constraint: processes of the former release
    # delete them without knowing this table; what they leave is deleted at the next turn.
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="batches", db_index=False, db_constraint=False
    )
    key = models.CharField(max_length=32)  # made with the preview: pressing twice starts one list
    # Copies: a list may outlive the account.
    created_by = models.CharField(max_length=USERNAME_LENGTH)
    created_by_id = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    # From where it was started: invitations count for that network. Forgotten at the end.
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    reason = models.CharField(max_length=16, choices=Reason, blank=True, default="")
    stopped_by = models.CharField(max_length=USERNAME_LENGTH, blank=True, default="")
    total = models.PositiveIntegerField()
    sent = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    progressed_at = models.DateTimeField(default=timezone.now)  # a row was sent or has failed, or it began
    finished_at = models.DateTimeField(null=True)

    objects = InvitationBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("list of invitations")
        verbose_name_plural = _("lists of invitations")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "key"], name="one_batch_of_each_preview"),
            models.CheckConstraint(
                name="running_batches_have_no_end",
                condition=Q(state="running", finished_at=None)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="batches_count_their_rows", condition=Q(total__gte=F("sent") + F("failed"))
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "-id"], name="batches_of_organization"),
            models.Index(fields=["id"], name="batches_running", condition=Q(state="running")),
            models.Index(
                fields=["finished_at"], name="batches_by_end", condition=Q(finished_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"invitation list {self.pk}"

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING

    @property
    def is_stopped(self) -> bool:
        return self.state == self.State.STOPPED

    @property
    def left(self) -> int:
        """How many rows wait, or have been stopped."""
        return self.total - self.sent - self.failed

    @property
    def to_try_again(self) -> int:
        """How many rows can be tried again: none while the list runs."""
        return 0 if self.is_running else self.failed + self.left

    @property
    def not_invited(self) -> models.QuerySet["InvitationBatchRow"]:
        """The rows of people who were not invited, and who don't wait."""
        return self.rows.filter(state__in=InvitationBatchRow.NOT_INVITED)

    @property
    def held_up_until(self) -> datetime | None:
        """When a limit lets this list go on; None if it can go on now, or has ended. `reached` as a value."""
        now, until = timezone.now(), self.paused_until
        if until is None or not self.is_running or not now < until <= now + LONGEST_PAUSE + CLOCK_SKEW:
            return None
        return until


class InvitationBatchRow(models.Model):
    """One person on a list."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not sent")
        STOPPED = "stopped", _("Stopped")

    NOT_INVITED: ClassVar[list[State]] = [State.FAILED, State.STOPPED]

    batch = models.ForeignKey(InvitationBatch, models.CASCADE, related_name="rows", db_index=False)
    position = models.PositiveIntegerField()  # its row in the file, or its place in what was pasted
    who = models.CharField(max_length=LONGEST_WHO)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    problem = models.CharField(max_length=32, blank=True, default="")  # the code of the rule
    retry_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("person on a list of invitations")
        verbose_name_plural = _("people on lists of invitations")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["batch", "state", "id"], name="batch_rows_by_state"),
        ]

    def __str__(self) -> str:
        return self.who
