"""Readers of addresses: of the site, of hosts, of mailboxes."""

import re
import unicodedata
from collections.abc import Sequence
from email.errors import HeaderParseError, ObsoleteHeaderDefect
from email.headerregistry import Address, HeaderRegistry
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import iri_to_uri

from tfc_auth.environment.lists import Lists
from tfc_auth.environment.source import shown

DEFAULT_PORTS = {"http": 80, "https": 443}


class Addresses(Lists):
    def sender(self, name: str, *, site_name: str) -> str:
        """Return the sender of mails, spelled as mails need it; by default the site. Raises
        ImproperlyConfigured.
        """
        value = self.text(name) or str(Address(site_name, addr_spec="no-reply@localhost"))
        found = one_address(value)
        if found is None:
            raise ImproperlyConfigured(
                f"{name} must be one address, with the name in quotation marks if it has more than letters: "
                f"write it like '\"Acme, Inc.\" <no-reply@example.com>', not {shown(value)}."
            )
        return str(found)

    def mailbox(self, name: str) -> str:
        """Return an address without a name, as links to it need it, or "". Raises ImproperlyConfigured."""
        value = self.text(name)
        found = one_address(value) if value else None
        if value and (found is None or found.addr_spec != value):
            example = found.addr_spec if found else "help@example.com"
            raise ImproperlyConfigured(
                f"{name} must be one plain address: write {example}, not {shown(value)}."
            )
        return value

    def contacts(self, name: str) -> list[str]:
        """Return URIs of whom to write to or call, as RFC 9116 has them; [] if it is not set. Raises
        ImproperlyConfigured.
        """
        return list(dict.fromkeys(contact_of(name, value) for value in self.words(name, default=[])))

    def address(self, name: str, *, default: str) -> str:
        """Return the URL of a site as browsers write its origin: small letters, `xn--` for other letters,
        no slash at the end. Raises ImproperlyConfigured.
        """
        value = self.text(name, default=default)
        if not value:
            return value
        if not value.lower().startswith(("https://", "http://")):
            raise ImproperlyConfigured(f"{name} must begin with https:// or http://, not be {shown(value)}.")
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:  # whose words quote what may be a password
            raise ImproperlyConfigured(
                f"{name} must be a host and perhaps a port from 1 to 65535, not {shown(value)}."
            ) from None
        try:
            host = ascii_host(parts.hostname or "")
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be an address, not {shown(value)}: {error}.") from None
        origin = f"{parts.scheme}://{host}"
        if port not in (None, DEFAULT_PORTS[parts.scheme]):
            origin += f":{port}"
        if "@" in parts.netloc or parts.path.strip("/") or "?" in value or "#" in value:
            raise ImproperlyConfigured(
                f"{name} must be the address of a whole host, without a user, a path or anything behind it: "
                f"write {origin!r}."
            )
        return origin

    def hosts(self, name: str, *, default: Sequence[str]) -> list[str]:
        """Return names of hosts, or `*` or `.example.com` for many, spelled as browsers send them. Raises
        ImproperlyConfigured.
        """
        found = [host_of(name, value) for value in self.words(name, default=default)]
        return list(dict.fromkeys(found))


def contact_of(name: str, value: str) -> str:
    """Return one entry of SECURITY_CONTACT as a URI. Raises ImproperlyConfigured."""
    scheme, colon, rest = value.partition(":")
    found = CONTACTS.get(scheme.lower() if colon else "mailto", no_contact)(rest if colon else value)
    if found:
        return found
    number = re.sub(r"[ ()./-]", "", value)
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        better = f"tel:{number}"
    elif scheme.lower() == "http" and page_for_reports(f"//{rest.lstrip('/')}"):
        better = f"https:{rest}"
    else:
        better = "security@example.com, https://example.com/report or tel:+15005550006"
    raise ImproperlyConfigured(
        f"{name} must be addresses, https:// pages or telephone numbers with tel: before them, with commas "
        f"between them: write {better}, not {shown(value)}."
    )


def no_contact(rest: str) -> str:
    return ""


def mailbox_for_reports(address: str) -> str:
    """Return mailto: and the address, or "" if that is not exactly one."""
    found = one_address(address)
    is_plain = found is not None and found.addr_spec == address and address.isascii() and "?" not in address
    return f"mailto:{quote(address, safe='@+')}" if is_plain else ""


def page_for_reports(rest: str) -> str:
    """Return the https: address that this is the rest of, as browsers write it, or ""."""
    try:
        parts = urlsplit(f"https:{rest}")
        host = ascii_host(parts.hostname or "")
        port = "" if parts.port in (None, 443) else f":{parts.port}"
    except ValueError:
        return ""
    if "@" in parts.netloc or re.search(r"\s", rest) or not rest.startswith("//"):
        return ""
    return iri_to_uri(urlunsplit(("https", host + port, parts.path, parts.query, parts.fragment)))


def number_for_reports(number: str) -> str:
    """Return tel: and the number in international form without blanks and the like, or ""."""
    digits = re.sub(r"[().-]", "", number)
    return f"tel:{digits}" if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits) else ""


CONTACTS = {"mailto": mailbox_for_reports, "https": page_for_reports, "tel": number_for_reports}


def host_of(name: str, value: str) -> str:
    """Return one entry of ALLOWED_HOSTS. Raises ImproperlyConfigured."""
    if value == "*":
        return value
    try:
        return ascii_host(value.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        better = better_host(value)
        hint = f"write {better} instead of {shown(value)}" if better else f"{shown(value)}: {error}"
        raise ImproperlyConfigured(
            f"{name} must be names of hosts with commas between them, and no https://, port or path: {hint}."
        ) from None


def better_host(value: str) -> str:
    """Return the host within a URL, a host with a port, or `*.example.com`; "" if there is none."""
    try:
        found = ascii_host(urlsplit(value if "://" in value else f"//{value}").hostname or "")
    except ValueError:
        return f".{value[2:]}" if value.startswith("*.") and "*" not in value[2:] else ""
    return found


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
