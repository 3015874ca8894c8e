"""The base classes of factors and their devices.

Methods that act run on POST only. Methods that show something are pure: a reload sends nothing, spends
nothing and shows the same secret. A factor with tables is its own Django app.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import URLPattern
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import limits
from accounts.audit import Actor
from accounts.database.batches import delete_in_batches
from accounts.factors.proving import MOST_FAILURES, Device, Proving, State
from accounts.limits import Claim
from accounts.limits.guesses import Guesses
from accounts.limits.wording import WRONG_BACKUP_CODES, WRONG_CODES, WRONG_CODES_IN_KNOWN_BROWSERS
from accounts.models import Level, User
from accounts.typed import characters, codes
from accounts.web.forms import Form

__all__ = [
    "BACKUP_CODES",
    "ENROLMENT_LIFETIME",
    "MOST_FAILURES",
    "SIX_DIGIT_CODES",
    "BackupFactor",
    "Device",
    "Factor",
    "State",
    "explain_format",
    "six_digits",
]

ENROLMENT_LIFETIME = timedelta(minutes=15)

# All six-digit codes of an account share the same budgets, for every factor, door and purpose (R16).
SIX_DIGIT_CODES = Guesses(
    "code", (5, 300), (20, 3600), daily=50, told=WRONG_CODES, told_if_known=WRONG_CODES_IN_KNOWN_BROWSERS
)
# Backup codes are too long to guess and have their own budget: guesses at other codes can't block them (R18).
BACKUP_CODES = Guesses("backup-code", daily=10, told=WRONG_BACKUP_CODES, told_if_known=WRONG_BACKUP_CODES)


class Factor(Proving):
    """One factor. Subclasses live in folders of accounts/factors/; settings.SECOND_FACTORS lists them."""

    slug: ClassVar[str]
    label: ClassVar[str | Promise]
    # Its name where users choose a method; if empty, the label.
    choice_label: ClassVar[str | Promise] = ""
    # What people do in the middle step of a set-up: the name of that step.
    step_label: ClassVar[str | Promise] = gettext_lazy("Verify")
    # Its name where lists say what proved a session; if empty, the label.
    proof_label: ClassVar[str | Promise] = ""
    is_backup: ClassVar[bool] = False
    # How strong it is, for organizations that accept the stronger ones only.
    level: ClassVar[Level] = Level.APP
    # Whether `challenge` does something that a person waits for (such as sending a text).
    acts: ClassVar[bool] = False
    # Its own paths (such as a provider's callback).
    urls: ClassVar[list[URLPattern]] = []
    # The label of the button that makes it act.
    act_label: ClassVar[str | Promise] = ""
    # The form that enrolment shows first (such as for a phone number), or None.
    details_form: ClassVar[type[Form] | None] = None
    guesses: ClassVar[Guesses]

    def named(self, details: dict[str, Any]) -> str:
        """Return its name with what the details form was filled in with, masked. Pure."""
        return str(self.label)

    def claims(self, user: User, state: State, *, actor: Actor) -> list[Claim]:
        """Return the budgets to spend before this factor acts, outside any transaction. Pure."""
        return []

    def reserve(self, user: User, state: State, *, actor: Actor) -> None:
        """Spend what it costs to act, outside any transaction. Raises RateLimited, MethodPaused."""
        limits.reserve(*self.claims(user, state, actor=actor))

    def notes(self) -> Iterable[str]:
        """Return what `manage.py doctor` should say about this factor, besides what is wrong."""
        return []

    def begin_enrolment(self, user: User, **details: Any) -> State:
        """Create an unconfirmed device; return the state that the session must keep. Sends nothing."""
        raise NotImplementedError

    def complete_enrolment(self, user: User, answer: str, state: State) -> Device | None:
        """Confirm the device that `begin_enrolment` created; return None for a wrong answer.

        The caller holds the user's lock. Call `confirm`, which also deletes the replaced device.
        """
        raise NotImplementedError

    def confirm(self, user: User, state: State, **fields: Any) -> Device | None:
        """Confirm the pending device and delete the one that it replaces; return None if none is pending."""
        if not self.is_pending(user, state):
            return None
        self.devices(user, confirmed=True).delete()
        confirmed = self.pending(user, state).update(confirmed=True, confirmed_at=timezone.now(), **fields)
        return self.device_of(user) if confirmed else None

    def challenge(self, user: User, state: State, *, actor: Actor | None = None) -> State:
        """Act before the page asks for the answer (such as send a text); return the new state."""
        return state

    def is_repeat(self, user: User, answer: str, state: State) -> bool:
        """Return whether this answer is the last one that succeeded: refused, but not counted as a guess."""
        return False

    def has_shape(self, answer: str) -> bool:
        """Return whether this has the format of an answer to this factor, right or wrong."""
        return False

    def explain_refusal(
        self, user: User, answer: str, state: State, *, enrolling: bool = False
    ) -> str | None:
        """Return why a wrong answer was refused, or None. Pure.

        The reason must not help an attacker who knows the password: never say anything about an answer that
        may still become right.
        """
        return None

    def describe(self, user: User, state: State, *, enrolling: bool = False) -> dict[str, Any]:
        """Return the context of the page that asks. Pure. Raises EnrolmentExpired for an ended enrolment."""
        return {}

    def is_pending(self, user: User, state: State) -> bool:
        """Return whether the device that `begin_enrolment` created is still unconfirmed."""
        return self.pending(user, state).exists()

    def discard(self, user: User, state: State) -> bool:
        """Delete the unconfirmed device of an ended enrolment; return whether it existed."""
        removed, _ = self.pending(user, state).delete()
        return removed > 0

    def pending(self, user: User, state: State) -> models.QuerySet[Device]:
        return self.devices(user, confirmed=False).filter(pk=state.get("device_id"))

    def discard_stale(self) -> int:
        """Delete unconfirmed devices that nobody can confirm any more; return how many.

        When two enrolments begin together, the second waits for the first before its own time begins. A
        device that was created while the clock was ahead is as old as anybody can tell (D43).
        """
        now = timezone.now()
        stale = Q(created_at__lt=now - 2 * ENROLMENT_LIFETIME) | Q(created_at__gt=now + ENROLMENT_LIFETIME)
        return delete_in_batches(
            self.device_model._default_manager.filter(stale, confirmed=False), by="created_at"
        )

    def provider_problems(self) -> Iterator[str]:
        """Yield why the provider that this factor needs would not work, for `doctor --providers`."""
        yield from ()

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the rows of this factor, for `doctor`."""
        devices = self.device_model._default_manager.select_related("user")
        for device in devices.filter(confirmed=True, confirmed_at=None).iterator():
            yield f"{device.user}: the {self.slug} {device.pk} counts as confirmed, and nobody confirmed it"
        for device in devices.filter(failures__gte=MOST_FAILURES, set_aside_at=None).iterator():
            yield f"{device.user}: the {self.slug} {device.pk} works after {device.failures} wrong answers"


class BackupFactor(Factor):
    """A factor that comes with the first primary device and goes with the last; never enrolled alone."""

    is_backup = True
    size: int  # codes in a new set

    def reveal(self, user: User) -> list[str]:
        """Return the unused codes in the format that people read. Raises DecryptionFailed."""
        raise NotImplementedError

    def remaining(self, user: User) -> int:
        """Return the number of unused codes."""
        raise NotImplementedError

    def count_failure(self, user: User) -> bool:
        """Count nothing: codes can't be guessed, and must work when the devices were set aside."""
        return False


def six_digits(answer: str) -> str | None:
    """Return the one code of the answer in its canonical spelling, or None (R15, D44).

    `int()` and `isdigit()` would accept other digits, signs and underscores, which would get around the
    replay check and the limiter.
    """
    found = codes.six_digit_codes(answer)
    return found.pop() if len(found) == 1 else None


def explain_format(answer: str) -> str | None:
    """Return why there is no six-digit code in the answer, if that is plain to see, else None."""
    if characters.has_other_digits(answer):
        return _("Invalid authentication code! Use only the digits 0-9.")
    if len(codes.six_digit_codes(answer)) > 1:
        return _("That is more than one code. Enter only one.")
    digits = codes.without_grouping(answer)
    others = digits.strip("0123456789")
    if others and sum(char in "0123456789" for char in digits) >= 6:
        return _("Invalid authentication code! Enter the six digits only, without other characters.")
    if not digits or others:
        return None
    return ngettext(
        "A code has six digits; you entered %(n)s digit.",
        "A code has six digits; you entered %(n)s digits.",
        len(digits),
    ) % {"n": len(digits)}
