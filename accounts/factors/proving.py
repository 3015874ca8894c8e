"""The device of a person, and how an answer to it is consumed under the person's lock."""

from functools import cached_property
from typing import Any, ClassVar, TypeAlias

from django.db import models
from django.db.models import F
from django.utils import timezone
from django_otp.models import Device as OTPDevice

from accounts.database.prepared import Prepared
from accounts.models import User

State: TypeAlias = dict[str, Any]

DEVICE_NAME = "device"
# Wrong answers in a row, however far apart, until a device is set aside (NIST SP 800-63B-4, 3.2.2).
MOST_FAILURES = 100


class Device(OTPDevice):  # type: ignore[misc]  # django-otp has no types
    """One user's device of a factor. While unconfirmed it belongs to the session that began the enrolment
    and verifies nothing.
    """

    # No reverse accessor on the user: use `Factor.device_of`.
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=64, default=DEVICE_NAME)
    confirmed = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    # Wrong answers since the last right one.
    failures = models.PositiveIntegerField(default=0)
    # When it stopped verifying answers, after too many wrong ones. It still counts as enrolled (D27).
    set_aside_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Proving:
    """What a factor does with a confirmed device. Only `consume` differs between factors."""

    device_model: ClassVar[type[Device]]

    def device_of(self, user: User) -> Device | None:
        """Return the user's confirmed device of this factor."""
        return self.confirmed.first(user=user.pk)

    @cached_property
    def confirmed(self) -> Prepared[Device]:
        return Prepared(lambda user: self.devices(user, confirmed=True))

    def working_device(self, user: User) -> Device | None:
        """Return the user's confirmed device unless it was set aside."""
        device = self.device_of(user)
        return device if device is not None and device.set_aside_at is None else None

    def lock(self, user: User) -> tuple[User, Device | None]:
        """Lock a user; return the current row, and their confirmed device of this factor, in one statement.

        The device may be as it was before others let go of the lock. So `consume` decides by an UPDATE.
        Raises AccountGone.
        """
        device = self.locking.first(user=user.pk)
        return (User.objects.lock(user.pk), None) if device is None else (device.user, device)

    @cached_property
    def locking(self) -> Prepared[Device]:
        return Prepared(
            lambda user: (
                self.devices(user, confirmed=True)
                .select_related("user")
                .select_for_update(no_key=True, of=("user",))
            )
        )

    def verify_with(self, device: Device | None, answer: str, state: State) -> Device | None:
        """Consume a right answer to this confirmed device and return it; return None for a wrong answer.

        The caller holds the user's lock. A device that was set aside verifies nothing, nor does None.
        """
        if device is None or device.set_aside_at is not None:
            return None
        return device if self.consume(device, answer, state) else None

    def consume(self, device: Device, answer: str, state: State) -> bool:
        """Use up a right answer and return True; return False for a wrong one.

        Consume by an UPDATE whose row count decides, and whose condition is all that must be true of the
        device now: `unchanged(device)`. Update it with `used()`. Raises only DecryptionFailed, if nobody can
        tell whether the answer is right.
        """
        raise NotImplementedError

    def unchanged(self, device: Device) -> models.QuerySet[Device]:
        """Return the row of this device, while it is confirmed and not set aside."""
        found: models.QuerySet[Device] = self.device_model._default_manager.filter(
            pk=device.pk, confirmed=True, set_aside_at=None
        )
        return found

    def used(self) -> dict[str, Any]:
        """Return the fields to update on a device that has just verified an answer."""
        return {"last_used_at": timezone.now(), "failures": 0}

    def count_failure(self, user: User) -> bool:
        """Count a wrong answer on the user's device; return whether this set the device aside."""
        device = self.devices(user, confirmed=True).filter(set_aside_at=None)
        device.update(failures=F("failures") + 1)
        set_aside = device.filter(failures__gte=MOST_FAILURES).update(set_aside_at=timezone.now())
        return bool(set_aside)

    def is_set_aside(self, user: User, state: State) -> bool:
        """Return whether the device of this state was set aside. A device that is being set up never is."""
        device = None if "device_id" in state else self.device_of(user)
        return device is not None and device.set_aside_at is not None

    def devices(self, user: User, *, confirmed: bool) -> models.QuerySet[Device]:
        found: models.QuerySet[Device] = self.device_model._default_manager.filter(
            user=user, confirmed=confirmed
        )
        return found
