"""Readers of numbers."""

from django.core.exceptions import ImproperlyConfigured

from tfc_auth.environment.source import Source, shown

MOST = 1_000_000_000
MOST_DAYS = 36_500  # a hundred years; dates end somewhere


class Numbers(Source):
    def whole(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number of this range, both ends included. Raises ImproperlyConfigured."""
        return self.number(name, what="a whole number", least=least, most=most, default=default)

    def positive(self, name: str, *, default: int) -> int:
        """Return a whole number of 1 or more. Raises ImproperlyConfigured."""
        return self.whole(name, default=default, least=1, most=MOST)

    def days(self, name: str, *, shortest: int) -> int | None:
        """Return a number of days, None if it is not set. Raises ImproperlyConfigured."""
        if not self.text(name):
            return None
        return self.number(name, what="a number of days", least=shortest, most=MOST_DAYS, default=shortest)

    def number(self, name: str, *, what: str, least: int, most: int, default: int) -> int:
        text = self.text(name, default=str(default))
        digits = text.removeprefix("-")
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 20
        if not is_number or not least <= int(text) <= most:
            raise ImproperlyConfigured(
                f"{name} must be {what} from {least} to {most}, written in digits only, not {shown(text)}."
            )
        return int(text)
