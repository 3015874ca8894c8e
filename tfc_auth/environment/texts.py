"""Readers of switches, choices, names, folders and secrets."""

import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from tfc_auth.environment.source import JOINERS, Source, hidden, shown

ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")
LONGEST_SITE_NAME = 64  # characters; a QR code has to hold it twice, percent-encoded


class Texts(Source):
    def switch(self, name: str, *, default: bool) -> bool:
        """Return whether it is on: 1 or 0, and the like. Raises ImproperlyConfigured."""
        text = self.text(name, default=str(default))
        if text.lower() not in (*ON, *OFF):
            raise ImproperlyConfigured(f"{name} must be 1 or 0, not {shown(text)}.")
        return text.lower() in ON

    def choice(self, name: str, *allowed: str) -> str:
        """Return one of the allowed values, in whatever case it is written; the first is the default. Raises
        ImproperlyConfigured.
        """
        value = self.text(name, default=allowed[0])
        found = {option.lower(): option for option in allowed}.get(value.lower())
        if found is None:
            *others, last = sorted(allowed)
            raise ImproperlyConfigured(f"{name} must be {', '.join(others)} or {last}, not {shown(value)}.")
        return found

    def line(self, name: str, *, default: str) -> str:
        """Return a text that fits into a header of a mail or of an answer. Raises ImproperlyConfigured."""
        return self.text(name, default=default)

    def site_name(self, name: str, *, default: str) -> str:
        """Return a name that every format can carry in which the site names itself. Raises
        ImproperlyConfigured.
        """
        value = self.line(name, default=default)
        if not value.strip(JOINERS):
            raise ImproperlyConfigured(f"{name} must have visible characters.")
        if ":" in value:
            better = re.sub(r"\s*:\s*", " - ", hidden(value)).strip(" -") or default
            raise ImproperlyConfigured(
                f"{name} can't have a colon, because authenticator apps cut the name there: write {better!r} "
                f"instead of {hidden(value)!r}."
            )
        if len(value) > LONGEST_SITE_NAME:
            raise ImproperlyConfigured(
                f"{name} can have {LONGEST_SITE_NAME} characters at most, so that QR codes hold it, not "
                f"{len(value)}: write something like {value[:LONGEST_SITE_NAME].strip()!r}."
            )
        return value

    def folder(self, name: str, *, default: Path) -> Path:
        """Return an absolute path at which a folder is or can be. Raises ImproperlyConfigured."""
        text = self.text(name, default=str(default))
        path = Path(text)
        if not path.is_absolute():
            better = Path(hidden(text)).expanduser().absolute()
            raise ImproperlyConfigured(
                f"{name} must be an absolute path: write {str(better)!r}, not {hidden(text)!r}."
            )
        try:
            nearest = next(above for above in (path, *path.parents) if above.exists())
        except OSError as error:
            raise ImproperlyConfigured(f"{name}: {path} can't be opened: {error.strerror}.") from None
        if not nearest.is_dir():
            raise ImproperlyConfigured(f"{name} must be a folder, but {nearest} is a file.")
        return path

    def identifier(self, name: str, *, prefix: str, what: str) -> str:
        """Return what an outside service calls something; "" if it is not set. Raises
        ImproperlyConfigured.
        """
        value = self.text(name)
        if value and not (value.startswith(prefix) and value.isascii() and value.isalnum()):
            raise ImproperlyConfigured(
                f"{name} must be {what}, which begins with {prefix} and has letters and digits only. "
                "Its value isn't shown here because it may be a secret."
            )
        return value

    def sender_of_texts(self, name: str) -> str:
        """Return a number, a short code or a name that text messages come from; "" if it is not set. Raises
        ImproperlyConfigured.
        """
        value = self.text(name)
        if not value or re.fullmatch(
            r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}", value
        ):
            return value
        digits = re.sub(r"[ ().\-\u2010-\u2015/]", "", value)
        example = digits if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits) else "+15005550006"
        raise ImproperlyConfigured(
            f"{name} must be a number with its country code, a short code, or a name of at most 11 letters "
            f"and digits: write it like {example}, not {shown(value)}."
        )

    def optional_secret(self, name: str) -> str:
        """Return a secret; "" if it is not set. Raises ImproperlyConfigured."""
        return self.text(name, secret=True)

    def secret(self, name: str, *, default: str) -> str:
        """Return a secret that must be set, unless there is a default. Raises ImproperlyConfigured."""
        value = self.text(name, default=default, secret=True)
        if not value:
            raise ImproperlyConfigured(f"Set {name} or {name}_FILE (or DEBUG=1 for development).")
        return value

    def secrets(self, name: str, *, default: str, shortest: int) -> list[str]:
        """Return comma-separated secrets of at least `shortest` characters. Raises ImproperlyConfigured."""
        return self.parts(name, self.secret(name, default=default), shortest)

    def optional_secrets(self, name: str, *, shortest: int) -> list[str]:
        """Return comma-separated secrets of at least `shortest` characters, [] if it is not set. Raises
        ImproperlyConfigured.
        """
        value = self.optional_secret(name)
        return self.parts(name, value, shortest) if value else []

    def parts(self, name: str, value: str, shortest: int) -> list[str]:
        found = [part.strip() for part in value.split(",") if part.strip()]
        if not found or min(map(len, found)) < shortest:
            length = f" of {shortest} characters or more" if shortest > 1 else ""
            raise ImproperlyConfigured(f"{name} must be secrets{length}, with commas between them.")
        return found
