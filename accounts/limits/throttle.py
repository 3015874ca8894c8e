"""Limit the requests per second of each API caller, in the memory of each process.

It keeps one busy program from slowing down others. It doesn't protect secrets: limiter.py does.
"""

import threading
import time
from dataclasses import dataclass

from django.conf import settings

MOST_CALLERS = 10_000  # in memory; when reached, all counters are cleared


@dataclass(frozen=True)
class Allowance:
    """The state of a caller's window of one second. `reset` is the seconds until it closes."""

    limit: int
    remaining: int
    reset: float
    exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """Return the response headers. All are numbers: HashiCorp's Go client exits if the reset is not."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{self.reset:.3f}",
        }


class Throttle:
    """Counts requests in windows of one second, for each caller."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.windows: dict[str, tuple[float, int]] = {}

    def take(self, caller: str) -> Allowance:
        """Count one request of a caller; return what is left."""
        limit, now = settings.API_REQUESTS_PER_SECOND, time.monotonic()
        with self.lock:
            began, count = self.windows.get(caller, (now, 0))
            if now - began >= 1:
                began, count = now, 0
            if len(self.windows) >= MOST_CALLERS:
                self.windows.clear()
            self.windows[caller] = (began, count + 1)
        return Allowance(limit, max(0, limit - count - 1), max(0.0, began + 1 - now), count >= limit)


throttle = Throttle()
