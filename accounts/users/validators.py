"""Validators for new passwords and email addresses, in addition to Django's."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User

LONGEST_PASSWORD = 1024  # characters (D12); longer ones are refused before hashing


class MaximumLengthValidator:
    """Refuse passwords of more than `max_length` characters: they only cost CPU time."""

    def __init__(self, max_length: int = LONGEST_PASSWORD) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) > self.max_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return ngettext(
            "Your password can have %(n)s character at most.",
            "Your password can have %(n)s characters at most.",
            self.max_length,
        ) % {"n": self.max_length}


class NotLikeTheNameValidator:
    """Refuse a username, email address or site name, once or repeated: attackers try these first (R2)."""

    def validate(self, password: str, user: User | None = None) -> None:
        said = squeezed(password)
        names = {settings.SITE_NAME}
        if user is not None:
            names |= {user.username, user.email, user.email.partition("@")[0]}
        for name in filter(None, map(squeezed, names)):
            if not said.replace(name, ""):
                raise ValidationError(self.get_help_text(), code="password_like_name")

    def get_help_text(self) -> str:
        return _("Your password can't be your name, your email address or the name of this site.")


def squeezed(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def validate_address(text: str) -> None:
    """Raise ValidationError unless this is an ASCII email address: other letters can imitate an address.

    A quoted part before the `@` is refused, too: programs misread the blanks, commas and `@` in it.
    """
    if not (text.isascii() and text.isprintable()):
        raise ValidationError(_("Use an address without accents or other special letters."), code="invalid")
    if '"' in text:
        raise ValidationError(_("Use an address without quotation marks."), code="invalid")
    EmailValidator()(text)
