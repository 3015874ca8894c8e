"""Read the environment for settings.py. An invalid value stops the start with a one-sentence error."""

import os
import re
import unicodedata
from email.errors import HeaderParseError, ObsoleteHeaderDefect
from email.headerregistry import Address, HeaderRegistry
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")
MOST_DAYS = 36_500  # a hundred years; dates end somewhere
LONGEST_SITE_NAME = 64  # characters; a QR code has to hold it twice, percent-encoded
JOINERS = "\u200c\u200d"  # invisible, but part of how Persian, Hindi and some emoji are written
DEFAULT_PORTS = {"http": 80, "https": 443}


class Environment(environ.Env):  # type: ignore[misc]
    smart_cast = False

    def __init__(self) -> None:
        super().__init__()
        # An empty value counts as not set: HTTPS= in an environment file must not turn HTTPS off.
        # A `$` is a `$`, also at the beginning, where django-environ would take the rest for another name.
        self.ENVIRON = {name: value.replace("$", r"\$") for name, value in os.environ.items() if value}
        self.escape_proxy = True

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
        value: str = self.str(name, default=default).strip(" ")
        odd = next((char for char in value if not char.isprintable() and char not in JOINERS), None)
        if odd is not None:
            what = unicodedata.name(odd, "a control character")
            raise ImproperlyConfigured(
                f"{name} must be one line without control characters and invisible ones: "
                f"take {odd!r} ({what}) out of {value!r}."
            )
        return value

    def site_name(self, name: str, *, default: str) -> str:
        """Return a name that every format can carry in which the site names itself. Raises
        ImproperlyConfigured.
        """
        value = self.line(name, default=default)
        if not value.strip(JOINERS):
            raise ImproperlyConfigured(f"{name} must have characters that can be seen, not only spaces.")
        if ":" in value:
            better = re.sub(r"\s*:\s*", " - ", value).strip(" -") or default
            raise ImproperlyConfigured(
                f"{name} must have no colon, which ends the name in authenticator apps: write {better!r} "
                f"instead of {value!r}."
            )
        if len(value) > LONGEST_SITE_NAME:
            raise ImproperlyConfigured(
                f"{name} can have {LONGEST_SITE_NAME} characters at most, so that QR codes hold it, not "
                f"{len(value)}: write something like {value[:LONGEST_SITE_NAME].strip()!r}."
            )
        return value

    def sender(self, name: str, *, site_name: str) -> str:
        """Return the sender of mails, spelled as mails need it; by default the site. Raises
        ImproperlyConfigured.
        """
        value = self.line(name, default="") or str(Address(site_name, addr_spec="no-reply@localhost"))
        found = one_address(value)
        if found is None:
            raise ImproperlyConfigured(
                f"{name} must be one address, with the name in quotation marks if it has more than letters: "
                f"write it like '\"Acme, Inc.\" <no-reply@example.com>', not {value!r}."
            )
        return str(found)

    def mailbox(self, name: str) -> str:
        """Return an address without a name, as links to it need it, or "". Raises ImproperlyConfigured."""
        value = self.line(name, default="")
        found = one_address(value) if value else None
        if value and (found is None or found.addr_spec != value):
            example = found.addr_spec if found else "help@example.com"
            raise ImproperlyConfigured(f"{name} must be one plain address: write {example}, not {value!r}.")
        return value

    def address(self, name: str, *, default: str) -> str:
        """Return the URL of a site as browsers write its origin: small letters, `xn--` for other letters,
        no slash at the end. Raises ImproperlyConfigured.
        """
        value = self.line(name, default=default)
        if not value.lower().startswith(("https://", "http://")):
            raise ImproperlyConfigured(f"{name} must begin with https:// or http://, not be {value!r}.")
        try:
            parts = urlsplit(value)
            port = parts.port
            host = ascii_host(parts.hostname or "")
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be an address, not {value!r}: {error}.") from error
        origin = f"{parts.scheme}://{host}"
        if port not in (None, DEFAULT_PORTS[parts.scheme]):
            origin += f":{port}"
        if "@" in parts.netloc or parts.path.strip("/") or "?" in value or "#" in value:
            raise ImproperlyConfigured(
                f"{name} must be the address of a whole host, without a user, a path or anything behind it: "
                f"write {origin!r}."
            )
        return origin

    def hosts(self, name: str, *, default: list[str]) -> list[str]:
        """Return names of hosts, or `*` or `.example.com` for many, spelled as browsers send them. Raises
        ImproperlyConfigured.
        """
        values: list[str] = [value.strip() for value in self.list(name, default=default)]
        try:
            return [value if value.isascii() else ascii_host(value) for value in values]
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}.") from error

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


def one_address(text: str) -> Address | None:
    """Return the address if this is one, with or without a name, as in the header of a mail."""
    try:
        header: Any = HeaderRegistry()("From", text)
    except (IndexError, HeaderParseError):  # the parser breaks on some texts
        return None
    sound = all(isinstance(defect, ObsoleteHeaderDefect) for defect in header.defects)  # a dot in a name
    if not sound or len(header.addresses) != 1 or header.groups[0].display_name is not None:
        return None
    address: Address = header.addresses[0]
    return address if address.username and address.domain else None


def ascii_host(host: str) -> str:
    """Return a host as browsers send it. Raises ValueError."""
    if host.startswith("."):  # all hosts below it, in ALLOWED_HOSTS
        return f".{ascii_host(host[1:])}"
    host = host.lower().rstrip(".")
    if ":" in host:
        return f"[{ip_address(host)}]"
    if host.isascii():
        name = host
    else:
        name = host.encode("idna").decode()
        if name.encode().decode("idna") != unicodedata.normalize("NFC", host):
            raise ValueError("write the host as browsers send it, with xn--")  # such as ß, which was ss once
    if not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", name) or ".." in name:
        raise ValueError("the host is missing, or has characters that no host has")
    return name
