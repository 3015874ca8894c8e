"""Log a fault that comes with every request once for each process."""

import logging
from collections import defaultdict

MOST = 20  # lines about one kind of fault: a network of proxies has many addresses


class OnceLogger:
    """Remembers of which faults it has told."""

    def __init__(self, logger: logging.Logger) -> None:
        self.logger = logger
        self.told: dict[str, set[str]] = defaultdict(set)

    def warning(self, message: str, *details: object, about: object = "") -> None:
        """Log the message, unless it was logged before about the same thing, or about MOST things."""
        told = self.told[message]
        if str(about) in told or len(told) >= MOST:
            return
        told.add(str(about))
        self.logger.warning(message, *(str(detail)[:200] for detail in details))
