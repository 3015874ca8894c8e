"""What the database is asked at the scrape."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from prometheus_client.core import Metric

from accounts.plugins import Registry

Figures: TypeAlias = Callable[[], Iterable[Metric]]

# By name.
figures: Registry[Figures] = Registry()
