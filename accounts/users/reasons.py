"""Why an administrator does something: recorded, and told to those whom it concerns."""

from django.utils.translation import gettext_lazy

from accounts.audit import strip_control_characters
from accounts.exceptions import RuleViolation

LONGEST_REASON = 200  # characters


class ReasonMissing(RuleViolation):
    code = "reason-missing"
    message = gettext_lazy("Say why. The reason is recorded and emailed to the user.")
    fields = ("reason",)


class ReasonTooLong(RuleViolation):
    code = "reason-too-long"
    message = gettext_lazy("A reason can have at most %(n)s characters.")
    fields = ("reason",)


def in_one_line(reason: str) -> str:
    """Return a reason in one line of visible characters, which may be none. Raises ReasonTooLong."""
    line = strip_control_characters(" ".join(reason.split()))
    if len(line) > LONGEST_REASON:
        raise ReasonTooLong(n=LONGEST_REASON)
    return line
