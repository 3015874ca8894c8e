"""Write the page that Prometheus reads: the counters of all processes, and figures of the database."""

import logging
import time
from collections.abc import Iterator
from typing import Any

from django.db import Error, connection, transaction
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from accounts.metrics.figures import figures
from accounts.metrics.slots import folder
from accounts.metrics.tallies import PREFIX, Tally, tallies

logger = logging.getLogger(__name__)
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# Milliseconds for a statement: Prometheus waits ten seconds by default, and the page must say what is wrong.
PATIENCE = 1000


class Page(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from counted()
        yield from asked()


def page() -> bytes:
    """Return the page. The database may be away: then its figures are missing, and one says so."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Page())
    return generate_latest(registry)


def counted() -> Iterator[Metric]:
    """Yield the sums over all processes, with every series that there can be."""
    place = folder()
    collector: Any = MultiProcessCollector  # has no types
    found = collector(None, path=str(place)).collect() if place.is_dir() else ()
    stored = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in found
        for sample in metric.samples
    }
    for tally in tallies.values():
        yield sums(tally, stored)


def sums(tally: Tally, stored: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> Metric:
    names = list(tally.labels)
    family = CounterMetricFamily(tally.name, tally.described, labels=names)
    for values in tally.combinations():
        key = tuple(sorted(zip(names, values, strict=True)))
        family.add_metric(list(values), stored.get((f"{tally.name}_total", key), 0))
    return family


def asked() -> Iterator[Metric]:
    began, answered = time.monotonic(), 1
    read: list[Metric] = []
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE}")
            for figure in figures.values():
                read += figure()
    except Error as error:
        logger.warning("The metrics lack what the database says: %s", type(error).__name__)
        answered, read = 0, []
    yield GaugeMetricFamily(
        f"{PREFIX}database_up", "Whether the database has answered this scrape.", value=answered
    )
    yield GaugeMetricFamily(
        f"{PREFIX}database_seconds",
        "How long the database took for this scrape.",
        value=time.monotonic() - began,
    )
    yield from read
