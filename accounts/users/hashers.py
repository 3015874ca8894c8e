"""The password hasher, and how many hashes a process computes at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.exceptions import Overloaded


@cache
def slots() -> threading.BoundedSemaphore:
    """Return the slots for hashes: half of the threads of this process. The other half serves pages."""
    return threading.BoundedSemaphore(max(1, settings.THREADS_PER_PROCESS // 2))


@contextmanager
def slot(longest_wait: float) -> Iterator[None]:
    """Hold one of the slots. Raises Overloaded if none becomes free within `longest_wait` seconds."""
    if not slots().acquire(timeout=longest_wait):
        raise Overloaded
    try:
        yield
    finally:
        slots().release()


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the minimum of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.

    Django's default (100 MiB, eight lanes) needs twelve times the CPU time: ten password POSTs a second would
    overload a machine with two cores. Raises Overloaded if too many hashes are being computed (R4).
    """

    memory_cost = 19_456  # KiB
    time_cost = 2
    parallelism = 1
    # Seconds. A hash takes a twentieth of one, so only a flood makes anybody wait this long.
    longest_wait: ClassVar[float] = 2

    def encode(self, password: str, salt: str) -> Any:
        with slot(self.longest_wait):
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> Any:
        with slot(self.longest_wait):
            return super().verify(password, encoded)
