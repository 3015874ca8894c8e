"""Keep what the application writes to itself: other users of the machine can't read it."""

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
# What SQLite keeps beside a database. It gives new ones the mode of the database.
SIBLINGS = ("-wal", "-shm", "-journal")


class PrivateConnection(sqlite3.Connection):
    """A connection to SQLite that makes its file for its owner only, and closes an existing one to others."""

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        if not str(database).startswith((":memory:", "file:")):
            with suppress(OSError):  # SQLite says what is wrong
                make_private_folder(Path(database).parent)
                make_private_file(Path(database))
        super().__init__(database, *args, **kwargs)


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, each for its owner only. Leave existing ones as they are."""
    for missing in reversed([folder, *folder.parents]):
        with suppress(FileExistsError):
            missing.mkdir(mode=PRIVATE_FOLDER)


def make_private_file(path: Path) -> None:
    """Make an empty file for its owner only; close an existing one, and its siblings, to everybody else.

    Never opens an existing file: closing it again would release the locks that SQLite holds in this process.
    """
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
        try:
            if os.geteuid() == 0:  # commands run by root leave it to the user that serves
                folder = path.parent.stat()
                os.fchown(descriptor, folder.st_uid, folder.st_gid)
        finally:
            os.close(descriptor)
        return
    for name in ("", *SIBLINGS):
        with suppress(FileNotFoundError):
            close_to_others(Path(f"{path}{name}"))


def close_to_others(path: Path) -> None:
    found = path.stat()
    is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    if is_ours and found.st_mode & 0o077:
        path.chmod(stat.S_IMODE(found.st_mode) & 0o700)
