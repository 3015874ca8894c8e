"""Broken rules. They know codes and words, and nothing of HTTP: each door translates them."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class RuleViolation(Exception):
    """A rule of the product forbids this. `message` is for the person, `code` for programs."""

    code = "rule-violation"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code


class RateLimited(RuleViolation):
    """Too many attempts. `retry_after` is in seconds."""

    code = "rate-limited"

    def __init__(self, retry_after: int) -> None:
        minutes = -(-retry_after // 60)
        wait = (
            ngettext("Try again in %(n)s second.", "Try again in %(n)s seconds.", retry_after)
            % {"n": retry_after}
            if retry_after < 120
            else ngettext("Try again in %(n)s minute.", "Try again in %(n)s minutes.", minutes)
            % {"n": minutes}
        )
        super().__init__(_("Too many attempts.") + " " + wait)
        self.retry_after = retry_after


class SessionEnded(Exception):
    """The login or the sign-in that this request belongs to ended while it was on its way.

    No child of RuleViolation: there is nobody left to whom a page could tell a broken rule.
    """

    code = "session-ended"

    def __init__(self) -> None:
        self.message = _("You have been signed out. Please sign in again.")
        super().__init__(self.message)


class TokenRevoked(SessionEnded):
    """The token that acts was revoked, or has expired, while this was on its way."""

    code = "token-revoked"


class Gone(RuleViolation):
    """What this is about is no longer there, or never was."""


class AccountGone(Gone):
    """The account was deleted while this was on its way."""

    code = "account-gone"

    def __init__(self) -> None:
        super().__init__(_("That account has been deleted."))


class EmailNotConfirmed(RuleViolation):
    code = "email-not-confirmed"

    def __init__(self) -> None:
        super().__init__(_("Confirm your email address first."))


class TwoFactorNotEnabled(RuleViolation):
    code = "two-factor-not-enabled"

    def __init__(self) -> None:
        super().__init__(_("Two-factor authentication is not enabled."))


class LastMethod(RuleViolation):
    code = "last-method"

    def __init__(self) -> None:
        super().__init__(
            _("This is your only method that works. Replace it, or disable two-factor authentication.")
        )


class MethodSetAside(RuleViolation):
    """Too many wrong answers in a row: this device is no longer asked (D27)."""

    code = "method-set-aside"

    def __init__(self) -> None:
        super().__init__(
            _("After too many wrong codes this method no longer works. Use a recovery code, then replace it.")
        )


class Busy(RuleViolation):
    """What this depends upon keeps changing."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(_("Ownerships keep changing. Please try again."))


class EnrolmentExpired(RuleViolation):
    """Nothing is being set up here: cancelled, replaced by a newer set-up, or more than 15 minutes old."""

    code = "enrolment-expired"

    def __init__(self) -> None:
        super().__init__(_("That set-up has ended. Please start again."))


class TwoFactorRemovalRefused(RuleViolation):
    """Organizations that this person owns require two-factor authentication."""

    code = "two-factor-required"


class WrongPassword(RuleViolation):
    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__(_("That is not your current password."))


class DecryptionFailed(RuleViolation):
    """The value was not sealed by any of our keys, or was sealed for another row: `reason` says which."""

    code = "decryption-failed"

    def __init__(self, reason: str) -> None:
        super().__init__(_("This does not work at the moment. Please try another way, or try again later."))
        self.reason = reason
