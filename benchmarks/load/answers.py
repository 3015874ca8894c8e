"""Keep what was answered to whom, how long it took, and what should not have been answered."""

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from benchmarks.visitors import Failed


@dataclass
class Answers:
    """Durations in seconds, by kind of request, and the errors, by kind and what happened."""

    durations: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    logins: int = 0
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, kind: str, seconds: float) -> None:
        with self.lock:
            self.durations[kind].append(seconds)

    def fail(self, kind: str, what: str) -> Failed:
        """Count an error; return the exception to raise."""
        with self.lock:
            self.errors[f"{kind}: {what}"] += 1
        return Failed(f"{kind}: {what}")

    def count_login(self) -> None:
        with self.lock:
            self.logins += 1

    @property
    def requests(self) -> int:
        return sum(map(len, self.durations.values()))


def percentile_ms(durations: list[float], percent: int) -> float:
    """Return it in milliseconds; 0 if there are none."""
    if not durations:
        return 0.0
    ordered = sorted(durations)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000
