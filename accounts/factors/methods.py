"""What pages call the method behind a session, a remembered browser or a token (D45)."""

from django.utils.translation import gettext as _

from accounts import factors
from accounts.models import Session
from accounts.models.methods import PASSWORD, UNKNOWN


def label_of(method: str) -> str:
    """Return the name of a method, whose factor may have been removed from the site."""
    if factor := factors.get(method):
        return str(factor.proof_label or factor.label)
    others = {
        PASSWORD: _("Password only"),
        UNKNOWN: _("Not known"),
        Session.REMEMBERED: _("Remembered browser"),  # in audit events
    }
    return others.get(method) or _("A method that is no longer offered")


def known_methods() -> set[str]:
    """Return the methods that a proof on this site can have, and UNKNOWN."""
    return {PASSWORD, UNKNOWN, *(factor.slug for factor in factors.all_factors())}


def words() -> list[str]:
    """Return the words for methods that audit events have."""
    return sorted({*known_methods(), Session.REMEMBERED} - {UNKNOWN})
