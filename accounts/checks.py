"""System checks: settings that are unsafe in production, and inconsistent SECOND_FACTORS."""

import ipaddress
import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string

DEVELOPMENT_MAIL = ("console", "locmem", "filebased", "dummy")


@register(Tags.security)
def second_factors(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    loaded = []
    for path in settings.SECOND_FACTORS:
        try:
            loaded.append(import_string(path))
        except ImportError as error:
            return [
                Error(
                    f"SECOND_FACTORS names {path}, which can't be imported: {error}",
                    id="accounts.E001",
                )
            ]
    slugs = [factor.slug for factor in loaded]
    if len(slugs) != len(set(slugs)):
        return [Error("Two factors in SECOND_FACTORS have the same slug.", id="accounts.E002")]
    if all(factor.is_backup for factor in loaded):
        return [Error("SECOND_FACTORS has no primary factor.", id="accounts.E003")]
    if not any(factor.is_backup for factor in loaded):
        return [Error("SECOND_FACTORS has no backup factor.", id="accounts.E004")]
    return []


@register(Tags.security, deploy=True)
def production_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    if any(key.startswith("insecure-") or len(key) < 32 for key in settings.ENCRYPTION_KEYS):
        problems.append(
            Error("ENCRYPTION_KEYS must be secret keys of at least 32 characters.", id="accounts.E010")
        )
    if settings.SECRET_KEY in settings.ENCRYPTION_KEYS:
        problems.append(Error("ENCRYPTION_KEYS must differ from SECRET_KEY.", id="accounts.E011"))
    if settings.PASSWORD_HASHER != "argon2":
        problems.append(Error("PASSWORD_HASHER=cheap is for tests only.", id="accounts.E012"))
    if not settings.SITE_URL.startswith("https://"):
        problems.append(Error("SITE_URL must be the https:// address of this site.", id="accounts.E013"))
    if any(name in settings.MAIL_BACKEND for name in DEVELOPMENT_MAIL):
        problems.append(Error("EMAIL_URL must name a mail server.", id="accounts.E014"))
    if not settings.SUPPORT_EMAIL:
        problems.append(
            Warning(
                "SUPPORT_EMAIL is empty: nobody learns whom to ask when a device is lost.",
                id="accounts.W010",
            )
        )
    return problems


@register(Tags.security, deploy=True)
def unencrypted_connections(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find secrets that the application itself would send unencrypted to another machine."""
    problems: list[CheckMessage] = []
    if not is_this_machine(settings.MAIL_IN_CLEAR_TO):
        problems.append(
            Warning(
                f"EMAIL_URL sends mails unencrypted to {settings.MAIL_IN_CLEAR_TO}, and their links open "
                "accounts: use smtp+tls:// or smtp+ssl://.",
                id="accounts.W011",
            )
        )
    address = urlsplit(settings.TWILIO_API_BASE_URL)
    if address.scheme == "http" and not is_this_machine(address.hostname or ""):
        problems.append(
            Error(
                "TWILIO_API_BASE_URL must be an https:// address: requests to it carry the token.",
                id="accounts.E015",
            )
        )
    return problems


@register(Tags.security, deploy=True)
def shared_private_networks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find shared networks in which a proxy is likely that TRUSTED_PROXIES does not name."""
    if settings.TRUSTED_PROXIES:
        return []
    networks = map(ipaddress.ip_network, settings.SHARED_NETWORKS)
    return [
        Warning(
            f"SHARED_NETWORKS names {network}, which is private, and TRUSTED_PROXIES is empty: if your proxy "
            "is there, limits are larger for everybody. Name the proxy in TRUSTED_PROXIES instead.",
            id="accounts.W012",
        )
        for network in networks
        if network.is_private
    ]


def is_this_machine(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@register(Tags.security, deploy=True)
def private_database(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find a database of SQLite that other users of this machine can read or replace."""
    database = settings.DATABASES["default"]
    path = Path(str(database["NAME"]))
    if not database["ENGINE"].endswith("sqlite3") or not path.is_file():
        return []
    problems: list[CheckMessage] = []
    folder = stat.S_IMODE(os.stat(path.parent).st_mode)
    if stat.S_IMODE(os.stat(path).st_mode) & 0o077 and folder & 0o011:
        problems.append(
            Error(f"Other users of this machine can read the database: chmod 600 {path}*", id="accounts.E020")
        )
    if folder & 0o022 and not folder & stat.S_ISVTX:
        problems.append(
            Error(
                f"Other users of this machine can replace the database: chmod 700 {path.parent}",
                id="accounts.E021",
            )
        )
    return problems
