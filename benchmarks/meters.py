"""Read what processes and a database have used so far: CPU time, rows, bytes of the write-ahead log."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Rows:
    """Rows that a database has written so far, and former versions of rows that it has left behind."""

    written: int = 0
    dead: int = 0

    def __sub__(self, earlier: "Rows") -> "Rows":
        return Rows(self.written - earlier.written, self.dead - earlier.dead)


@dataclass(frozen=True)
class Reading:
    """What a site and its database have used so far."""

    cpu_seconds: float
    database_cpu_seconds: float
    log_bytes: int

    def __sub__(self, earlier: "Reading") -> "Reading":
        return Reading(
            self.cpu_seconds - earlier.cpu_seconds,
            self.database_cpu_seconds - earlier.database_cpu_seconds,
            self.log_bytes - earlier.log_bytes,
        )


def stat_of(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on: the second, the name, may hold any character."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def ticks_of(pid: int) -> float:
    """Return the CPU seconds of a process, in steps of usually 10 ms."""
    fields = stat_of(pid)  # user and system time are the fields 14 and 15
    return (int(fields[11]) + int(fields[12])) / TICKS


def ticks_of_ended_children(pid: int) -> float:
    fields = stat_of(pid)
    return (int(fields[13]) + int(fields[14])) / TICKS


def seconds_of(pid: int) -> float:
    """Return the CPU seconds of a process with one thread; exactly, if the system says so, else in ticks."""
    try:
        return int((PROC / str(pid) / "schedstat").read_text().split()[0]) / NANOSECONDS
    except (FileNotFoundError, IndexError):
        return ticks_of(pid)


def children_of(pid: int) -> list[int]:
    found = []
    for path in PROC.glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):  # the process has ended meanwhile
            continue
        if parent == pid and re.fullmatch(r"\d+", path.parent.name):
            found.append(int(path.parent.name))
    return found
