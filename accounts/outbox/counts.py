"""Count mails, and measure the outbox, for the page of metrics."""

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from accounts.metrics import Tally
from accounts.metrics.tallies import OTHER
from accounts.models import OutboxMessage
from accounts.models.outbox import WAITS
from accounts.outbox.carriers import carriers

SENT, POSTPONED, REFUSED, BROKEN, GIVEN_UP = OUTCOMES = "sent", "postponed", "refused", "broken", "given_up"
MAIL = "mail"

MAILS = Tally("mails", "Attempts to send a mail, and mails that were given up.", outcome=OUTCOMES)


def count(message: OutboxMessage, outcome: str) -> None:
    """Count what became of a message, if it is a mail to one reader."""
    if message.kind == MAIL and not message.audience:
        MAILS.count(outcome)


def figures() -> Iterator[Metric]:
    """Yield how many messages wait, and since when the oldest does, for each kind."""
    now = timezone.now()
    unsent = OutboxMessage.objects.filter(WAITS, expires_at__gt=now)
    found = unsent.order_by().values_list("kind").annotate(number=Count("pk"), oldest=Min("created_at"))
    depth, age = dict.fromkeys([*carriers, OTHER], 0), dict.fromkeys([*carriers, OTHER], 0.0)
    for kind, number, oldest in found:
        label = kind if kind in carriers else OTHER
        depth[label] += number
        age[label] = max(age[label], (now - oldest).total_seconds())
    yield family("outbox_messages", "Messages that have not left.", depth)
    yield family("outbox_oldest_seconds", "Age of the oldest message that has not left.", age)


def family(name: str, described: str, values: dict[str, int] | dict[str, float]) -> Metric:
    gauge = GaugeMetricFamily(f"tfc_auth_{name}", described, labels=["kind"])
    for kind, value in values.items():
        gauge.add_metric([kind], value)
    return gauge
