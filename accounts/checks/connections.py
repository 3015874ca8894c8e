"""Is what goes to other machines encrypted, and is the database a private one on this machine's own disk?"""

import ipaddress
import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

DEVELOPMENT_MAIL = ("console", "locmem", "filebased", "dummy")
MOUNTS = Path("/proc/self/mounts")
# Kinds of file systems that other machines can open at the same time, as Linux names them.
SHARED_FILES = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "gfs2", "ocfs2", "lustre", "sshfs")


@register(Tags.security, deploy=True)
def unencrypted_connections(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find secrets that the application itself would send unencrypted to another machine."""
    problems: list[CheckMessage] = []
    if any(name in settings.MAIL_BACKEND for name in DEVELOPMENT_MAIL):
        problems.append(Error("EMAIL_URL must name a mail server.", id="accounts.E014"))
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


@register(Tags.security, deploy=True)
def lasting_database(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find a database of SQLite that is lost with the process, or that several hosts would destroy."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    if database["NAME"] == ":memory:":
        return [
            Error(
                "DATABASE_URL must name a file: a database in memory ends with the process.",
                id="accounts.E022",
            )
        ]
    kind = file_system_of(Path(str(database["NAME"])), MOUNTS.read_text() if MOUNTS.exists() else "")
    if not any(word in kind for word in SHARED_FILES):
        return []
    return [
        Error(
            f"SQLite's file is on a file system that several machines share ({kind}), which loses its locks: "
            "use PostgreSQL, or a disk of this machine alone.",
            id="accounts.E023",
        )
    ]


def file_system_of(path: Path, mounts: str) -> str:
    """Return the kind of file system that a path is on, from a list of mounts as Linux writes it."""
    kind, longest = "", -1
    for line in mounts.splitlines():
        _device, place, name, *_rest = line.split(" ")
        folder = Path(place.replace(r"\040", " "))
        if path.is_relative_to(folder) and len(folder.parts) >= longest:
            kind, longest = name, len(folder.parts)
    return kind
