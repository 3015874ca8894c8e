"""How many requests a second the API takes of one caller: kept per process, in memory, and advisory.

What guards secrets is limiter.py, in the database. This keeps one busy program from slowing down the others.
"""

import threading
import time
from dataclasses import dataclass

from django.conf import settings

MOST_CALLERS = 10_000  # remembered at once; beyond that, all begin anew


@dataclass(frozen=True)
class Allowance:
    """What is left of this second. `reset` is in seconds."""

    limit: int
    remaining: int
    reset: float
    exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """Numbers all: HashiCorp's client for Go exits when the reset is none."""
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
        """Count one request of a caller."""
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
