"""Read the environment for settings.py. An invalid value stops the start with a one-sentence error."""

import os
from ipaddress import ip_network

import environ
from django.core.exceptions import ImproperlyConfigured

ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")
MOST_DAYS = 36_500  # a hundred years; dates end somewhere


class Environment(environ.Env):  # type: ignore[misc]
    smart_cast = False

    def __init__(self) -> None:
        super().__init__()
        # An empty value counts as not set: HTTPS= in an environment file must not turn HTTPS off.
        self.ENVIRON = {name: value for name, value in os.environ.items() if value}

    def switch(self, name: str, *, default: bool) -> bool:
        text: str = self.str(name, default=str(default)).lower()
        if text not in (*ON, *OFF):
            raise ImproperlyConfigured(f"{name} must be 1 or 0, not {text!r}.")
        return text in ON

    def choice(self, name: str, *allowed: str) -> str:
        """Return one of the allowed values; the first is the default. Raises ImproperlyConfigured."""
        value: str = self.str(name, default=allowed[0])
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of {sorted(allowed)}, not {value!r}.")
        return value

    def positive(self, name: str, *, default: int) -> int:
        """Return a whole number of 1 or more. Raises ImproperlyConfigured."""
        value: int = self.int(name, default=default)
        if value < 1:
            raise ImproperlyConfigured(f"{name} must be 1 or more, not {value}.")
        return value

    def days(self, name: str, *, shortest: int) -> int | None:
        """Return a number of days, None if it is not set. Raises ImproperlyConfigured."""
        text: str = self.str(name, default="").strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and shortest <= int(text[:9]) <= MOST_DAYS):
            raise ImproperlyConfigured(
                f"{name} must be a number of days from {shortest} to {MOST_DAYS}, not {text!r}."
            )
        return int(text)

    def line(self, name: str, *, default: str) -> str:
        """Return a text that fits into a header of a mail or of an answer. Raises ImproperlyConfigured."""
        value: str = self.str(name, default=default)
        if not value.isprintable():
            raise ImproperlyConfigured(f"{name} must be one line without control characters, not {value!r}.")
        return value

    def address(self, name: str, *, default: str) -> str:
        """Return the URL of a site without a trailing slash. Raises ImproperlyConfigured."""
        value: str = self.str(name, default=default)
        if not value.startswith(("https://", "http://")):
            raise ImproperlyConfigured(f"{name} must begin with https:// or http://, not be {value!r}.")
        return value.rstrip("/")

    def networks(self, name: str) -> list[str]:
        values: list[str] = self.list(name, default=[])
        for value in values:
            try:
                ip_network(value)
            except ValueError as error:
                raise ImproperlyConfigured(f"{name}: {error}") from error
        return values

    def secret(self, name: str, *, default: str) -> str:
        value: str = self.str(name, default=default)
        if not value:
            raise ImproperlyConfigured(f"Set {name} in the environment (or DEBUG=1 for development).")
        return value

    def secrets(self, name: str, *, default: str, shortest: int) -> list[str]:
        """Return comma-separated secrets of at least `shortest` characters. Raises ImproperlyConfigured."""
        values = [value.strip() for value in self.secret(name, default=default).split(",") if value.strip()]
        if not values or min(map(len, values)) < shortest:
            raise ImproperlyConfigured(f"{name} must be texts of {shortest} characters or more.")
        return values
