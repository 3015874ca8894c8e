"""Read a variable of the environment, or the file that a variable with `_FILE` behind its name leads to."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

LONGEST_FILE = 65_536  # bytes; more is no setting


def variable(name: str, variables: Mapping[str, str] = os.environ) -> str:
    """Return the value as it stands, from the variable or from its file; "" if neither is set.

    An empty variable counts as not set. Raises ImproperlyConfigured, never with the value in its words, not
    even where it stands in place of the path.
    """
    value, path = variables.get(name, ""), variables.get(f"{name}_FILE", "").strip()
    if value.strip() and path:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if path and not Path(path).is_absolute() and not is_there(Path(path)):
        raise ImproperlyConfigured(
            f"{name}_FILE must be the absolute path of a file, such as /run/secrets/{name.lower()}, and "
            f"there is no such file. To set the value itself, use {name}."
        )
    return content(Path(path), f"{name}_FILE") if path else value


def is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a name that is too long
        return False


def content(path: Path, name: str) -> str:
    """Return the text of a file without the line break at its end. Raises ImproperlyConfigured."""
    found = read(path, name)
    try:
        text = found.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{name}: {path} is not UTF-8 text.") from None
    if "\0" in text:
        raise ImproperlyConfigured(f"{name}: {path} is not text: it has null bytes.")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise ImproperlyConfigured(f"{name}: {path} is empty. Write the value into it, or leave {name} out.")
    return text


def read(path: Path, name: str) -> bytes:
    """Return the bytes of a regular file. Raises ImproperlyConfigured."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise ImproperlyConfigured(
                f"{name}: {path} is a folder. Container engines make one where a file was missing."
            )
        if not stat.S_ISREG(kind):  # reading a pipe would wait, and empty it for the next process
            raise ImproperlyConfigured(f"{name}: {path} is not a regular file.")
        with path.open("rb") as file:
            found = file.read(LONGEST_FILE + 1)
    except FileNotFoundError:
        raise ImproperlyConfigured(f"{name}: there is no file {path}.") from None
    except PermissionError:
        raise ImproperlyConfigured(
            f"{name}: the user that runs this (uid {os.geteuid()}) may not read {path}."
        ) from None
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {path} can't be read: {error.strerror}.") from None
    if len(found) > LONGEST_FILE:
        raise ImproperlyConfigured(f"{name}: {path} has more than {LONGEST_FILE} bytes, which is no setting.")
    return found
