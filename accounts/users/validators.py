"""Validators for new passwords and email addresses, in addition to Django's."""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.plugins import Registry
from accounts.users import guessable
from accounts.users.guessable import Part

SHORTEST_PASSWORD = 15  # characters (D12)
LONGEST_PASSWORD = 1024  # characters (D12); longer ones are refused before hashing

# Further names around a person that attackers try first.
further_names: Registry[Callable[[User], Iterable[str]]] = Registry()


class MinimumLengthValidator:
    """Refuse passwords of fewer than `min_length` characters."""

    def __init__(self, min_length: int = SHORTEST_PASSWORD) -> None:
        self.min_length = min_length

    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) < self.min_length:
            raise ValidationError(self.get_help_text(), code="password_too_short")

    def get_help_text(self) -> str:
        return ngettext(
            "This password is too short. Use %(n)s character or more.",
            "This password is too short. Use %(n)s characters or more.",
            self.min_length,
        ) % {"n": self.min_length}


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


class GuessableValidator:
    """Refuse passwords that consist of little more than parts that are easy to guess (R2)."""

    def validate(self, password: str, user: User | None = None) -> None:
        part = guessable.weakness(password, names_around(user))
        if part is not None:
            raise ValidationError(f"{REASONS[part]} {self.get_help_text()}", code="password_guessable")

    def get_help_text(self) -> str:
        return _("Use several unrelated words, or let a password manager generate one.")


REASONS = {
    Part.NAME: gettext_lazy(
        "This password is little more than a name, such as the username, the email address, or the name of "
        "an organization or of this site."
    ),
    Part.COMMON: gettext_lazy("This password is little more than a password that many people use."),
    Part.SERIES: gettext_lazy("This password is little more than a series, such as numbers or months."),
    Part.WORD: gettext_lazy("This password is little more than one word."),
    Part.ROW: gettext_lazy("This password is little more than a row of the keyboard or of the alphabet."),
    Part.COPY: gettext_lazy("This password repeats the same few characters."),
    Part.DATE: gettext_lazy("This password is little more than a date."),
}


def names_around(user: User | None) -> set[str]:
    """Return the names around the person and the site, which attackers try first."""
    names = {settings.SITE_NAME, urlsplit(settings.SITE_URL).hostname or ""}
    if user is not None:
        names |= {user.username, user.email, user.unconfirmed_email}
        names |= {name for names_of in further_names.values() for name in names_of(user)}
    return names


def validate_address(text: str) -> None:
    """Raise ValidationError unless this is an ASCII email address: other letters can imitate an address.

    `names.address` has put a domain with other letters into ASCII already, if there can be such a domain.

    A quoted part before the `@` is refused, too: programs misread the blanks, commas and `@` in it.
    """
    local, at, domain = text.rpartition("@")
    if not (local.isascii() and local.isprintable()):
        raise ValidationError(_("Use an address without accents or other special letters."), code="letters")
    if at and not domain.isascii():
        raise ValidationError(_("This isn't a valid domain name."), code="domain")
    if '"' in text:
        raise ValidationError(_("Use an address without quotation marks."), code="quotation-marks")
    EmailValidator()(text)
