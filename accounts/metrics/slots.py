"""Give each process a file of its own for its counters, below METRICS_DIR.

prometheus-client names the file after the number of the process. Numbers are used again, and processes in two
containers have the same ones, while each worker that ends leaves a file behind. So a process takes the first
slot that no living process holds instead, and goes on counting where the former one stopped.
"""

import fcntl
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from prometheus_client import values

MOST_SLOTS = 256  # processes at the same time
# Bytes of a file. They are allocated at once: a full disk would kill a process that writes to a mapped file.
SIZE = 256 * 1024
RUN = "run"  # the file that names the present run of the server


class Slot:
    """The slot of this process: `name` is part of its file's name."""

    def __init__(self) -> None:
        self.process = 0
        self.run: tuple[int, int] = (0, 0)
        self.descriptor = -1
        self.name = ""

    def current(self) -> str:
        """Return the name of the slot. Take another one after a fork, and after a new run has begun."""
        run = run_of(folder())
        if self.process != os.getpid() or self.run != run:
            if self.descriptor >= 0:
                os.close(self.descriptor)  # of a former run, or inherited: the lock stays with the parent
                self.descriptor = -1
            self.descriptor, self.name = free_slot(folder())
            self.process, self.run = os.getpid(), run
        return self.name


def folder() -> Path:
    return Path(settings.METRICS_DIR)


def run_of(place: Path) -> tuple[int, int]:
    try:
        found = os.stat(place / RUN)
    except FileNotFoundError:  # no server of ours has been started here
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)


def free_slot(place: Path) -> tuple[int, str]:
    """Lock the first free file; return its descriptor and the name of the slot. Raises OSError."""
    run = (place / RUN).read_text() if (place / RUN).exists() else "none"
    for number in range(MOST_SLOTS):
        name = f"{run}-{number}"
        try:
            descriptor = os.open(place / f"counter_{name}.db", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except PermissionError:  # another user's, such as that of a command that root has run
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(descriptor, 0, SIZE)
        except BlockingIOError:
            os.close(descriptor)
            continue
        except OSError:
            os.close(descriptor)
            raise
        return descriptor, name
    raise OSError(f"more than {MOST_SLOTS} processes count in {place}")


def begin_run(place: Path) -> None:
    """Empty METRICS_DIR before the first worker starts. Other processes that count there begin again.

    Raises OSError.
    """
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = place / f"{RUN}.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_hex(4))
    new.replace(place / RUN)
    for path in place.glob("*.db"):
        path.unlink(missing_ok=True)


def count_in_slots() -> None:
    """Have prometheus-client keep each counter in the file of this process's slot."""
    place = folder()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(place)
    make: Any = values.MultiProcessValue  # has no types
    values.ValueClass = make(process_identifier=Slot().current)
