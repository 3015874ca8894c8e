"""Exceptions for broken rules. They have a code and a message, and know no HTTP: the doors translate them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class RuleViolation(Exception):
    """A rule of the product forbids this. `str()` returns the text for people; `code` is for programs.

    `message` may contain named placeholders, filled from the keywords. `fields` names the input that broke
    the rule: a page shows the error at the first of them that its form has, the API at the last.

    A message that says "you" to the person whom the rule is about has a twin, `to_others`, for somebody who
    acts on that person's account. The verbs of administrators say that one (`said_to_others`), at every door.
    """

    code = "rule-violation"
    message: str | Promise = ""
    to_others: str | Promise = ""
    fields: tuple[str, ...] = ()

    def __init__(
        self, message: str | Promise = "", *, to_others: str | Promise = "", **values: object
    ) -> None:
        text, twin = str(message or self.message), str(to_others or self.to_others)
        super().__init__(text % values if values else text)
        self.to_others = twin % values if values else twin


class Mistakes(RuleViolation):
    """Several rules that one request breaks: each is told where it belongs, all at once."""

    code = "mistakes"

    def __init__(self, *violations: RuleViolation) -> None:
        super().__init__(" ".join(str(violation) for violation in violations))
        self.violations = violations


def together(*violations: RuleViolation | None) -> RuleViolation:
    """Return an exception that tells all of these violations; None is none. There must be one at least."""
    found = [violation for violation in violations if violation is not None]
    return found[0] if len(found) == 1 else Mistakes(*found)


@contextmanager
def said_to_others() -> Iterator[None]:
    """Have the rules that are broken in this block speak of the person, instead of to the person.

    For verbs that act on somebody else's account. It also works as a decorator.
    """
    try:
        yield
    except RuleViolation as error:
        if error.to_others:
            error.args = (str(error.to_others),)
        raise


class RateLimited(RuleViolation):
    """A limit is used up. `retry_after` is in seconds, `what` says what there was too much of.

    The message also says when to try again, and another way on (accounts/limits/wording.py makes it).
    """

    code = "rate-limited"

    def __init__(self, message: str, retry_after: int, *, what: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.what = what


class TooFast(RateLimited):
    """Too many requests within this second: programs should wait for the next one, and repeat."""

    message = gettext_lazy("Too many requests in this second.")

    def __init__(self) -> None:
        super().__init__(str(self.message), 1)


class SessionEnded(Exception):
    """The session or pending login of this request ended during the request.

    Not a RuleViolation: nobody is signed in any more, so there is no page that could show the error.
    """

    code = "session-ended"

    def __init__(self) -> None:
        super().__init__(_("You have been signed out. Please sign in again."))


class TokenRevoked(SessionEnded):
    """The token of this request was revoked, or expired, during the request."""

    code = "token-revoked"


class Gone(RuleViolation):
    """The object of this action no longer exists, or never did."""


class AccountGone(Gone):
    """The account was deleted during the request."""

    code = "account-gone"
    message = gettext_lazy("That account has been deleted.")


class EmailNotConfirmed(RuleViolation):
    code = "email-not-confirmed"
    message = gettext_lazy("Confirm your email address first.")


class TwoFactorNotEnabled(RuleViolation):
    code = "two-factor-not-enabled"
    message = gettext_lazy("Two-factor authentication isn't enabled.")


class LastMethod(RuleViolation):
    code = "last-method"
    message = gettext_lazy(
        "This is your only working method. Replace it, or disable two-factor authentication."
    )


class MethodSetAside(RuleViolation):
    """The device verifies nothing any more, after too many wrong answers in a row (D27)."""

    code = "method-set-aside"
    message = gettext_lazy(
        "This method no longer works, because there were too many wrong codes. Use a recovery code, "
        "then replace it."
    )


class MethodPaused(RuleViolation):
    """This method sends nothing there at the moment. The message names the other ways."""

    code = "method-paused"
    fields = ("phone_number",)


class Busy(RuleViolation):
    """The data that this depends on keeps changing; try again."""

    code = "busy"
    message = gettext_lazy("The owners keep changing. Please try again.")


class Overloaded(RuleViolation):
    """The server has no room for this request at the moment. `retry_after` is in seconds."""

    code = "overloaded"
    message = gettext_lazy("The server is busy. Please try again in a few seconds.")
    retry_after = 5


class EnrolmentExpired(RuleViolation):
    """There is no such enrolment: it was cancelled, replaced by a newer one, or is older than 15 minutes."""

    code = "enrolment-expired"
    message = gettext_lazy("That setup has ended. Please start again.")


class TwoFactorRemovalRefused(RuleViolation):
    """An organization that this user owns requires two-factor authentication."""

    code = "two-factor-required"


class WrongPassword(RuleViolation):
    code = "wrong-password"
    message = gettext_lazy("That isn't your current password.")
    fields = ("password", "current_password")


class DecryptionFailed(RuleViolation):
    """The value was not sealed by any of our keys, or was sealed for another row: `reason` says which."""

    code = "decryption-failed"
    message = gettext_lazy("This isn't working at the moment. Please try another way, or try again later.")

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
