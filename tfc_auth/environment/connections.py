"""Readers of the addresses of database and mail server. What they say never has a part of the password."""

import re
from itertools import zip_longest
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import environ
import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import make_conninfo

from tfc_auth.environment.source import Source

POSTGRESQL = ("postgres", "postgresql")
MAIL_SERVERS = ("smtp", "smtp+tls", "smtp+ssl", "smtps")
DEVELOPMENT_MAIL = ("consolemail", "filemail", "memorymail", "dummymail")
# Ports at which servers wait for TLS from the first byte on, and at which they never do.
TLS_AT_ONCE, TLS_LATER = (465,), (25, 587)
POSTGRESQL_PORT = "5432"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# What Django understands of a URL's parameters, beside those of libpq. The rest is set by settings.py.
OF_DJANGO = ("disable_server_side_cursors",)
HOW_TO_WRITE = (
    "write special characters of user and password as %2F for /, %23 for #, %3F for ?, %40 for @, %3A for :, "
    "%5B for [, %5D for ], %25 for %"
)


class Connections(Source):
    def database(self, name: str, *, default: str) -> dict[str, Any]:
        """Return an entry of DATABASES for postgres://user:password@host/name or sqlite:////whole/path.

        Raises ImproperlyConfigured.
        """
        url = self.text(name, default=default, secret=True)
        if url.startswith("sqlite:"):
            return sqlite(name, url)
        if scheme_of(url) not in POSTGRESQL:
            raise ImproperlyConfigured(
                f"{name} must be like postgres://user:password@host/name or "
                "sqlite:////whole/path/db.sqlite3, without quotation marks."
            )
        parts = taken_apart(name, url)
        if not parts.path.strip("/") or (parts.hostname and "/" in parts.path[1:]):
            raise ImproperlyConfigured(
                f"{name} must have the name of the database behind the host, and no further slash: "
                "postgres://host/name."
            )
        check_options(name, parts.query)
        config: dict[str, Any] = environ.Env.db_url_config(url)
        config["HOST"], config["PORT"] = hosts_and_ports(name, parts, config)
        return config

    def mail_server(self, name: str, *, default: str) -> dict[str, Any]:
        """Return settings named EMAIL_... for smtp+tls://user:password@host:587. Raises
        ImproperlyConfigured.
        """
        url = self.text(name, default=default, secret=True)
        scheme = scheme_of(url)
        if scheme not in (*MAIL_SERVERS, *DEVELOPMENT_MAIL):
            raise ImproperlyConfigured(
                f"{name} must be like smtp+tls://user:password@host:587 or "
                "smtp+ssl://user:password@host:465, without quotation marks."
            )
        parts = taken_apart(name, url)
        if scheme in MAIL_SERVERS:
            check_mail_server(name, parts)
        config: dict[str, Any] = environ.Env.email_url_config(url)
        return config


def scheme_of(url: str) -> str:
    return url.partition("://")[0].lower() if "://" in url else ""


def taken_apart(name: str, url: str) -> SplitResult:
    """Return the parts of a URL whose user and password can only be read in one way. Raises
    ImproperlyConfigured, without what urllib says: that quotes the password.
    """
    before, _, behind = url.partition("://")[2].rpartition("@")
    if re.search(r"[/?#\[\]\s]", before):  # these end the part with user and password
        raise ImproperlyConfigured(f"{name} can't be read: {HOW_TO_WRITE}.")
    if re.search(r"%(?![0-9A-Fa-f]{2})", before):
        raise ImproperlyConfigured(f"{name} has a % that encodes nothing: {HOW_TO_WRITE}.")
    if "#" in behind:
        raise ImproperlyConfigured(f"{name} has a #, which ends an address: {HOW_TO_WRITE}.")
    try:
        parts = urlsplit(url)
        if "," not in parts.netloc and parts.port == 0:
            raise ValueError("no port")
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must have a host and, behind a colon, a port from 1 to 65535; {HOW_TO_WRITE}."
        ) from None
    return parts


def sqlite(name: str, url: str) -> dict[str, Any]:
    """Return an entry of DATABASES. Raises ImproperlyConfigured."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path:
        raise ImproperlyConfigured(
            f"{name} must have three slashes and then the path of the file: sqlite:////whole/path/db.sqlite3."
        )
    if re.search(r"[?#]", path):
        raise ImproperlyConfigured(f"{name} takes no parameters for SQLite; write %3F for ? and %23 for #.")
    if path != ":memory:" and not path.startswith("/"):
        raise ImproperlyConfigured(
            f"{name} must have the absolute path of the file, which begins with a fourth slash: sqlite:////{path}."
        )
    return {**environ.Env.db_url_config("sqlite:///:memory:"), "NAME": unquote(path)}


def check_options(name: str, query: str) -> None:
    """Raise ImproperlyConfigured for what libpq does not know, which it would say at the first connection."""
    behind_secret = False
    for option, value in parse_qsl(query, keep_blank_values=True):
        if option.lower() in OF_DJANGO:
            continue
        try:
            make_conninfo("", **{option: "1"})
        except psycopg.Error:
            what = "a parameter behind its password" if behind_secret else f"the parameter {option!r}"
            hint = " Write & in a password as %26." if behind_secret else ""
            raise ImproperlyConfigured(
                f"{name} has {what}, which PostgreSQL's client does not know.{hint}"
            ) from None
        behind_secret = behind_secret or "password" in option
        if option == "sslmode" and value not in SSL_MODES:
            raise ImproperlyConfigured(f"{name}: sslmode must be {' or '.join(SSL_MODES)}, not {value!r}.")


def hosts_and_ports(name: str, parts: SplitResult, config: dict[str, Any]) -> tuple[str, str]:
    """Return hosts and their ports as libpq takes them: one port, or one for each host. Raises
    ImproperlyConfigured.
    """
    host, port = str(config["HOST"]), str(config["PORT"])
    if "," not in host:
        return unquote(host), port
    named = [entry.rpartition(":")[2] for entry in parts.netloc.rpartition("@")[2].split(",")]
    ports = [port if port.isdigit() else POSTGRESQL_PORT for port in named]
    hosts = [host.strip("[]") for host in host.split(",")]
    if not all(hosts) or any(not 0 < int(port) < 65536 for port in ports):
        raise ImproperlyConfigured(
            f"{name} must be like postgres://user:password@first:5432,second:5432/name."
        )
    return ",".join(hosts), ",".join(port for _, port in zip_longest(hosts, ports))


def check_mail_server(name: str, parts: SplitResult) -> None:
    """Raise ImproperlyConfigured for an address that no mail could be sent to."""
    if not re.fullmatch(r"[\w.:%-]+", parts.hostname or ""):
        raise ImproperlyConfigured(f"{name} must name the mail server: smtp+tls://user:password@host:587.")
    if parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(f"{name} must have nothing behind host and port; {HOW_TO_WRITE}.")
    if parts.port in (TLS_LATER if parts.scheme == "smtp+ssl" else TLS_AT_ONCE):
        better = "smtp+tls" if parts.port in TLS_LATER else "smtp+ssl"
        raise ImproperlyConfigured(
            f"{name} has a port that does not go with {parts.scheme}://: write {better}:// for {parts.port}."
        )
    if bool(parts.username) != bool(parts.password):
        raise ImproperlyConfigured(f"{name} must have a user and a password, or neither of them.")
