"""Broken rules. They know codes and words, and nothing of HTTP: each door translates them."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext


class RuleViolation(Exception):
    """A rule of the product forbids this. `str()` of it is for the person, `code` for programs.

    `message` may hold named places, which are filled from the keywords. `fields` names the input that broke
    the rule: the first name that a form has is the page's field, the last one is the attribute of the API.
    """

    code = "rule-violation"
    message: str | Promise = ""
    fields: tuple[str, ...] = ()

    def __init__(self, message: str | Promise = "", **values: object) -> None:
        text = str(message or self.message)
        super().__init__(text % values if values else text)


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
        super().__init__(_("You have been signed out. Please sign in again."))


class TokenRevoked(SessionEnded):
    """The token that acts was revoked, or has expired, while this was on its way."""

    code = "token-revoked"


class Gone(RuleViolation):
    """What this is about is no longer there, or never was."""


class AccountGone(Gone):
    """The account was deleted while this was on its way."""

    code = "account-gone"
    message = gettext_lazy("That account has been deleted.")


class EmailNotConfirmed(RuleViolation):
    code = "email-not-confirmed"
    message = gettext_lazy("Confirm your email address first.")


class TwoFactorNotEnabled(RuleViolation):
    code = "two-factor-not-enabled"
    message = gettext_lazy("Two-factor authentication is not enabled.")


class LastMethod(RuleViolation):
    code = "last-method"
    message = gettext_lazy(
        "This is your only method that works. Replace it, or disable two-factor authentication."
    )


class MethodSetAside(RuleViolation):
    """Too many wrong answers in a row: this device is no longer asked (D27)."""

    code = "method-set-aside"
    message = gettext_lazy(
        "After too many wrong codes this method no longer works. Use a recovery code, then replace it."
    )


class Busy(RuleViolation):
    """What this depends on keeps changing."""

    code = "busy"
    message = gettext_lazy("Ownerships keep changing. Please try again.")


class EnrolmentExpired(RuleViolation):
    """Nothing is being set up here: cancelled, replaced by a newer set-up, or more than 15 minutes old."""

    code = "enrolment-expired"
    message = gettext_lazy("That set-up has ended. Please start again.")


class TwoFactorRemovalRefused(RuleViolation):
    """Organizations that this person owns require two-factor authentication."""

    code = "two-factor-required"


class WrongPassword(RuleViolation):
    code = "wrong-password"
    message = gettext_lazy("That is not your current password.")
    fields = ("password", "current_password")


class DecryptionFailed(RuleViolation):
    """The value was not sealed by any of our keys, or was sealed for another row: `reason` says which."""

    code = "decryption-failed"
    message = gettext_lazy("This does not work at the moment. Please try another way, or try again later.")

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
