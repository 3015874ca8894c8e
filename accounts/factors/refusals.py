"""Explain why an answer was refused, where that helps nobody but the person who typed it (TI-02)."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import factors
from accounts.factors.base import Factor, State
from accounts.models import User


@dataclass(frozen=True)
class Refusal:
    message: str
    # The factor whose answer this looks like: the page links to the form for it.
    belongs_to: Factor | None = None


def explain(user: User, factor: Factor, answer: str, state: State, *, enrolling: bool = False) -> Refusal:
    """Return the message for a wrong answer: the same for answers that must be indistinguishable (R29)."""
    other = owner_of_shape(answer, factor)
    if other is not None:
        return Refusal(
            _("That looks like a recovery code.")
            if other.is_backup
            else _("That looks like a code from your device, not like a recovery code."),
            belongs_to=None if enrolling else other,
        )
    explained = factor.explain_refusal(user, answer, state, enrolling=enrolling)
    return Refusal(explained or _("Invalid authentication code!"))


def owner_of_shape(answer: str, factor: Factor) -> Factor | None:
    """Return the factor of the other kind (primary or backup) whose answers have this format, or None."""
    if factor.has_shape(answer):
        return None
    others = [other for other in factors.all_factors() if other.is_backup != factor.is_backup]
    return next((other for other in others if other.has_shape(answer)), None)
