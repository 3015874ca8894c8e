"""The factor protocol: one kind of proof, told apart from what happens around it.

What acts runs on POST only; what shows is pure, so that a reload sends nothing, spends nothing and shows the
same secret. A factor with tables is a Django app of its own.
"""

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

from django import forms
from django.db import models
from django.db.models import F
from django.urls import URLPattern
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import ngettext
from django_otp.models import Device as OTPDevice

from accounts.audit import Actor
from accounts.database.batches import delete_in_batches
from accounts.database.prepared import Prepared
from accounts.limits.guesses import Claim, Guesses
from accounts.models import User

State: TypeAlias = dict[str, Any]

ENROLMENT_LIFETIME = timedelta(minutes=15)
DEVICE_NAME = "device"

# All six-digit codes of an account are counted together, whatever the factor, door or purpose (R16).
SIX_DIGIT_CODES = Guesses("code", (5, 300), (20, 3600), daily=50)
# Backup codes are long, so they can be counted apart: guessing the others never locks the owner out (R18).
BACKUP_CODES = Guesses("backup-code", daily=10)
# Wrong answers in a row, however far apart, until a device is set aside (NIST SP 800-63B-4, 3.2.2).
MOST_FAILURES = 100


class Device(OTPDevice):  # type: ignore[misc]  # django-otp has no types
    """One user's instance of a factor. Unconfirmed, it belongs to the session that began it, and counts
    for nothing.
    """

    # No way back from the user: `Factor.device_of` is the one.
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=64, default=DEVICE_NAME)
    confirmed = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    # Wrong answers since the last right one.
    failures = models.PositiveIntegerField(default=0)
    # Since when it verifies nothing any more, because of too many of them. It still counts as enrolled (D27).
    set_aside_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Factor:
    """One kind of proof. Subclasses live in a folder of accounts/factors/ and in settings.SECOND_FACTORS."""

    slug: ClassVar[str]
    label: ClassVar[str | Promise]
    # What the page of methods calls it; the label if it says nothing.
    choice_label: ClassVar[str | Promise] = ""
    is_backup: ClassVar[bool] = False
    # Whether `challenge` does something that a person waits for (a text is sent).
    acts: ClassVar[bool] = False
    # Paths of its own (a provider's callback).
    urls: ClassVar[list[URLPattern]] = []
    # What the button says that makes it act.
    act_label: ClassVar[str | Promise] = ""
    device_model: ClassVar[type[Device]]
    # What enrolment asks before it begins (a phone number); None when it asks nothing.
    details_form: ClassVar[type[forms.Form] | None] = None
    guesses: ClassVar[Guesses]

    def device_of(self, user: User) -> Device | None:
        """Return the user's confirmed device of this factor."""
        return self.confirmed.first(user=user.pk)

    @cached_property
    def confirmed(self) -> Prepared[Device]:
        return Prepared(lambda user: self.devices(user, confirmed=True))

    def working_device(self, user: User) -> Device | None:
        """Return the device whose answers count: none that was set aside."""
        device = self.device_of(user)
        return device if device is not None and device.set_aside_at is None else None

    def claims(self, user: User, state: State, *, actor: Actor) -> list[Claim]:
        """Return the budgets to be spent before this factor acts; pure. Spent outside any transaction."""
        return []

    def begin_enrolment(self, user: User, **details: Any) -> State:
        """Make an unconfirmed device; return what the server must remember of it. Sends nothing yet."""
        raise NotImplementedError

    def complete_enrolment(self, user: User, answer: str, state: State) -> Device | None:
        """Confirm the device that `begin_enrolment` made, or return None for a wrong answer.

        The caller holds the user's lock. The device that this one replaces goes with `confirm`.
        """
        raise NotImplementedError

    def confirm(self, user: User, state: State, **fields: Any) -> Device | None:
        """Confirm the pending device in the place of the one that the user has."""
        if not self.is_pending(user, state):
            return None
        self.devices(user, confirmed=True).delete()
        confirmed = self.pending(user, state).update(confirmed=True, confirmed_at=timezone.now(), **fields)
        return self.device_of(user) if confirmed else None

    def challenge(self, user: User, state: State) -> State:
        """Act before the question is shown (send the text); return what the server must remember."""
        return state

    def verify(self, user: User, answer: str, state: State) -> Device | None:
        """Consume a right answer and return the device; None for a wrong one.

        Raises nothing but DecryptionFailed, when nobody can tell whether the answer is right.

        The caller holds the user's lock. Consuming is a conditional UPDATE whose row count decides; the
        device takes what `used` returns. A device that was set aside verifies nothing.
        """
        raise NotImplementedError

    def used(self) -> dict[str, Any]:
        """Return the fields of a device that has just verified something."""
        return {"last_used_at": timezone.now(), "failures": 0}

    def count_failure(self, user: User) -> bool:
        """Count a wrong answer against the user's device; return whether it is set aside from now on."""
        device = self.devices(user, confirmed=True).filter(set_aside_at=None)
        device.update(failures=F("failures") + 1)
        set_aside = device.filter(failures__gte=MOST_FAILURES).update(set_aside_at=timezone.now())
        return bool(set_aside)

    def is_set_aside(self, user: User, state: State) -> bool:
        """Whether the device that this state is about was set aside. One that is being set up never is."""
        device = None if "device_id" in state else self.device_of(user)
        return device is not None and device.set_aside_at is not None

    def is_repeat(self, user: User, answer: str, state: State) -> bool:
        """Whether this is the answer that has just succeeded: refused, but no guess."""
        return False

    def has_shape(self, answer: str) -> bool:
        """Whether this is written like an answer to this factor; says nothing of whether it is right."""
        return False

    def explain_refusal(
        self, user: User, answer: str, state: State, *, enrolling: bool = False
    ) -> str | None:
        """Say why a wrong answer was refused, where saying so helps nobody else. Pure.

        What it tells must be of no use to somebody who has the password and guesses: nothing about an
        answer that may still become right.
        """
        return None

    def describe(self, user: User, state: State, *, enrolling: bool = False) -> dict[str, Any]:
        """Return what a page shows. Pure. Raises EnrolmentExpired for a set-up that has ended."""
        return {}

    def is_pending(self, user: User, state: State) -> bool:
        """Whether the device that `begin_enrolment` made still waits for its answer."""
        return self.pending(user, state).exists()

    def discard(self, user: User, state: State) -> bool:
        """Remove the unconfirmed device of an enrolment that ended; return whether it was there."""
        removed, _ = self.pending(user, state).delete()
        return removed > 0

    def pending(self, user: User, state: State) -> models.QuerySet[Device]:
        return self.devices(user, confirmed=False).filter(pk=state.get("device_id"))

    def devices(self, user: User, *, confirmed: bool) -> models.QuerySet[Device]:
        found: models.QuerySet[Device] = self.device_model._default_manager.filter(
            user=user, confirmed=confirmed
        )
        return found

    def discard_stale(self) -> int:
        """Remove unconfirmed devices that nobody can confirm any more; return how many.

        The second of two that are begun together may wait as long as the first, and then has its own time.
        """
        limit = timezone.now() - 2 * ENROLMENT_LIFETIME
        return delete_in_batches(
            self.device_model._default_manager.filter(confirmed=False, created_at__lt=limit)
        )


class BackupFactor(Factor):
    """A factor that comes with the first primary device and goes with the last; never enrolment by itself."""

    is_backup = True
    size: int  # codes in a new set

    def reveal(self, user: User) -> list[str]:
        """Return the unused codes as a person reads them. Raises DecryptionFailed."""
        raise NotImplementedError

    def remaining(self, user: User) -> int:
        """Return how many unused codes there are."""
        raise NotImplementedError

    def count_failure(self, user: User) -> bool:
        """Never set aside: they can't be guessed, and are the way on when the devices were."""
        return False


def six_digits(answer: str) -> str | None:
    """Return the code in its one spelling, or None (R15).

    ASCII spaces and hyphens go; exactly six characters 0-9 must be left. `int()` and `isdigit()` would let
    other digits, signs and underscores through, and with them the replay check and the limiter.
    """
    code = answer.replace(" ", "").replace("-", "")
    return code if len(code) == 6 and all(char in "0123456789" for char in code) else None


def wrong_length(answer: str) -> str | None:
    """Explain a refused code that has too few or too many digits."""
    digits = answer.replace(" ", "").replace("-", "")
    if len(digits) == 6 or not digits or not all(char in "0123456789" for char in digits):
        return None
    return ngettext(
        "A code has six digits; you entered %(n)s digit.",
        "A code has six digits; you entered %(n)s digits.",
        len(digits),
    ) % {"n": len(digits)}
