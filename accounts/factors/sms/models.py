from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.factors.base import Device
from accounts.factors.sms.countries import named
from accounts.models import User
from accounts.models.clocks import CLOCK_SKEW


class SMSDevice(Device):
    """A phone number. It is stored as ciphertext, with a digest as the key of its budgets."""

    sealed_number = models.TextField()
    number_digest = models.CharField(max_length=64)
    last_digits = models.CharField(max_length=2)

    class Meta:
        verbose_name = "phone number"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at"], name="unconfirmed_phones", condition=Q(confirmed=False)),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(confirmed=True), name="one_confirmed_phone_per_user"
            ),
        ]


class TextMessage(models.Model):
    """One code that was texted, for one user, number, purpose and (through its state) session.

    The keyed digest is deleted when the code is used or has expired. Replaced codes keep it until they
    expire, so that a person who types one can be told that there is a newer one.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        DELIVERED = "delivered"
        FAILED = "failed"

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    device = models.ForeignKey(SMSDevice, models.CASCADE, related_name="messages")
    purpose = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    replaced_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    provider_id = models.CharField(max_length=64, blank=True, default="", db_index=True)
    # When it was counted (breaker.py), and in the rows with which keys; "" where it was not.
    counted_at = models.DateTimeField(null=True)
    country = models.CharField(max_length=8, blank=True, default="", db_default="")
    block = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # What tidying wipes.
            models.Index(fields=["expires_at"], name="texts_with_digest", condition=~Q(digest="")),
        ]

    def __str__(self) -> str:
        return f"text {self.pk}"


class Purpose(models.TextChoices):
    """What texts are for: numbers that nobody has proved yet, or users who have proved theirs."""

    SET_UP = "set-up", _("setting up numbers")
    LOGIN = "login", _("signing in")


# How long the breaker pauses. Set-ups can wait; people whose only method is a phone can't wait for a day.
LENGTHS = {Purpose.SET_UP: timedelta(hours=24), Purpose.LOGIN: timedelta(hours=1)}
LONGEST = max(LENGTHS.values())


def is_paused(now: datetime) -> Q:
    """Return the condition of a pause: until its time, or until somebody lifts it.

    A pause that ends later than it can holds, too: it was made while the clock was ahead, and must not open
    the place to fraud. `breaker.shorten_pauses` has it last its length from the correction on.
    """
    return Q(paused_at__isnull=False) & (Q(paused_until=None) | Q(paused_until__gt=now))


def is_too_long(now: datetime) -> Q:
    """Return the condition of a pause that ends later than it can, because the clock was wrong."""
    too_long = Q()
    for purpose, length in LENGTHS.items():
        too_long |= Q(purpose=purpose, paused_until__gt=now + length + CLOCK_SKEW)
    return Q(paused_at__isnull=False) & too_long


class DestinationQuerySet(models.QuerySet["Destination"]):
    def paused(self) -> Self:
        """Return where nothing is sent now."""
        return self.filter(is_paused(timezone.now()))


class Destination(models.Model):
    """A country or a block of numbers: how many codes went there in the present hour, and were used.

    The row says whether texts to it are paused. Only breaker.py and pauses.py write it.
    """

    # The country, or the keyed digest of what the numbers of a block begin with.
    key = models.CharField(max_length=64)
    purpose = models.CharField(_("texts for"), max_length=6, choices=Purpose)
    country = models.CharField(_("country"), max_length=8)
    # The last two digits of what the numbers of a block begin with; "" for a country.
    ending = models.CharField(max_length=2, blank=True, default="")
    window_began_at = models.DateTimeField(default=timezone.now, db_index=True)
    sent = models.PositiveIntegerField(_("codes sent"), default=0)
    used = models.PositiveIntegerField(_("of them used"), default=0)
    paused_at = models.DateTimeField(_("paused since"), null=True)
    # None for a pause that was set by hand: it lasts until somebody lifts it.
    paused_until = models.DateTimeField(_("until"), null=True)
    # Whose codes were not used: of which purpose; "" for a pause that was set by hand.
    tripped_by = models.CharField(max_length=6, choices=Purpose, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")

    objects = DestinationQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause of text messages")
        verbose_name_plural = _("pauses of text messages")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["paused_until"], name="paused_destinations", condition=Q(paused_at__isnull=False)
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["key", "purpose"], name="one_row_per_destination_and_purpose"),
            models.CheckConstraint(condition=Q(used__lte=F("sent")), name="no_more_codes_used_than_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.place}, {self.get_purpose_display()}"

    @property
    def is_paused_by_hand(self) -> bool:
        """Return whether nothing is sent there until somebody lifts the pause."""
        return self.paused_at is not None and self.paused_until is None

    @property
    def named_place(self) -> str:
        """Return the place with the name of its country, for people."""
        return self.place.replace(self.country, named(self.country), 1)

    @property
    def place(self) -> str:
        """Return the country, for a block with two of its digits: numbers stay masked."""
        return f"{self.country} ••{self.ending} ••••" if self.ending else self.country
