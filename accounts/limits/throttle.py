"""Limit the requests per second of each API caller, in the memory of each process.

It keeps one busy program from slowing down others. It doesn't protect secrets: limiter.py does.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from accounts.audit import Actor
from accounts.limits.sources import sources_of

MOST_CALLERS = 10_000  # in memory; when reached, windows that are over are forgotten


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
        self.windows: dict[str, tuple[float, int]] = {}  # when each began, and its requests

    def take(self, callers: Mapping[str, int]) -> Allowance:
        """Count one request for all of these callers, or for none if one of them has no requests left.

        `callers` says how many times the limit each has. Return what is left to the caller with the least.
        """
        now = time.monotonic()
        with self.lock:
            self.make_room(now)
            windows = {caller: self.window(caller, now) for caller in callers}
            least = min(
                (allowance(windows[caller], times, now) for caller, times in callers.items()),
                key=lambda found: (not found.exceeded, found.remaining),
            )
            if not least.exceeded:
                self.windows.update({caller: (began, n + 1) for caller, (began, n) in windows.items()})
        return least

    def window(self, caller: str, now: float) -> tuple[float, int]:
        began, count = self.windows.get(caller, (now, 0))
        return (now, 0) if now - began >= 1 else (began, count)

    def make_room(self, now: float) -> None:
        if len(self.windows) < MOST_CALLERS:
            return
        self.windows = {caller: window for caller, window in self.windows.items() if now - window[0] < 1}
        if len(self.windows) >= MOST_CALLERS:  # all within a second: no process serves so many requests
            self.windows.clear()


def allowance(window: tuple[float, int], times: int, now: float) -> Allowance:
    """Return what this window leaves to one more request."""
    limit = settings.API_REQUESTS_PER_SECOND * times
    began, count = window
    return Allowance(limit, max(0, limit - count - 1), max(0.0, began + 1 - now), count >= limit)


def networks_of(actor: Actor, prefix: str = "") -> dict[str, int]:
    """Return the networks of a caller, and how many times the limit each has, as in the database."""
    return {prefix + source.key: source.times for source in sources_of(actor)}


throttle = Throttle()
