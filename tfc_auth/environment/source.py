"""What all readers begin with: the value of a variable or of its file, trimmed and free of odd characters."""

import os
import re
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches

from django.core.exceptions import ImproperlyConfigured

from accounts.environment import variable

JOINERS = "\u200c\u200d"  # invisible, but part of how Persian, Hindi and some emoji are written
LONGEST_SHOWN = 64  # characters
BLANKS = " \t\r\n"
# From 0 to 1: TRUSTED_PROXY and TRUSTED_PROXIES have 0.86; SECRET_KEY_BASE, which belongs to others, has 0.8.
SIMILAR = 0.82


class Source:
    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self.variables = variables
        self.names: set[str] = set()  # of all settings that were asked for

    def text(self, name: str, *, default: str = "", secret: bool = False) -> str:
        """Return the value without blanks and line breaks around it; the default if there is none.

        Raises ImproperlyConfigured for control characters, invisible ones and quotation marks around the
        whole. With `secret` its words have nothing of the value, and quotation marks are part of it.
        """
        self.names.add(name)
        value = variable(name, self.variables).strip(BLANKS)
        if not value:  # HTTPS= in an environment file must not turn HTTPS off
            return default
        place = next(
            (n for n, char in enumerate(value) if not char.isprintable() and char not in JOINERS), None
        )
        if place is not None:
            what = name_of(value[place])
            tail = f"character {place + 1} is {what}" if secret else f"take {what} out of {shown(value)}"
            raise ImproperlyConfigured(
                f"{name} must be one line without control or invisible characters: {tail}."
            )
        if not secret and len(value) > 1 and value[0] in "\"'" and value[1:].find(value[0]) == len(value) - 2:
            raise ImproperlyConfigured(
                f"{name} has quotation marks around it that became part of the value: "
                f"write {hidden(value[1:-1])} instead of {hidden(value)}."
            )
        return value

    def given(self, *names: str) -> list[str]:
        """Return those of the names that have a value."""
        return [name for name in names if self.text(name, secret=True)]

    def together(self, *names: str) -> None:
        """Raise ImproperlyConfigured if some of these settings are set and others are not."""
        given = self.given(*names)
        if given and (missing := [name for name in names if name not in given]):
            raise ImproperlyConfigured(f"{given[0]} needs {missing[0]}: set both or neither.")

    def one_of(self, *names: str) -> None:
        """Raise ImproperlyConfigured if more than one of these settings is set."""
        if len(given := self.given(*names)) > 1:
            raise ImproperlyConfigured(f"Set {' or '.join(given)}, not both.")

    def needs(self, name: str, on: bool, other: str, other_on: bool) -> None:
        """Raise ImproperlyConfigured if one switch is on, and off is what it means nothing without."""
        if on and not other_on:
            raise ImproperlyConfigured(f"{name}=1 has no effect without {other}: set both, or remove {name}.")

    def misspelt(self) -> dict[str, str]:
        """Return variables that no reader has asked for, with the setting that each is probably meant for.

        One that has a value of its own is not meant: DATABASE_URL_OLD beside DATABASE_URL is no mistake.
        """
        known = self.names | {f"{name}_FILE" for name in self.names}
        missing = self.names - set(self.given(*self.names))
        found = {}
        for name in sorted(set(self.variables) - known):
            meant = name.upper().removesuffix("_FILE")
            if len(meant) > 5 and (close := get_close_matches(meant, missing, n=1, cutoff=SIMILAR)):
                found[name] = close[0]
        return found


def shown(value: str) -> str:
    """Return the beginning of a value as a sentence quotes it, without the password that it may have."""
    text = hidden(value)
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}...")


def hidden(value: str) -> str:
    """Return a value without the user and password that an address may have: settings get mixed up, and then
    the password of one must not be in the log as a bad value of the other.
    """
    return re.sub(r"(?s)((?<=://)|^(?=[^\s/<>\"@:]+:(?!//))).*(?=@)", "...", value)


def name_of(char: str) -> str:
    """Return what to call a character that can't be seen."""
    if "\udc80" <= char <= "\udcff":  # how Python keeps them
        return f"a byte that is not UTF-8 ({ord(char) - 0xDC00:#x})"
    return f"{char!r} ({unicodedata.name(char, 'a control character')})"
