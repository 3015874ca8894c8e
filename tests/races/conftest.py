from pathlib import Path

import pytest

from accounts.models import AuditEvent, RateLimit
from tests.support.invariants import broken
from tests.support.parallel import ROUNDS

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("races")


class Rounds:
    """Does a race again and again: each time with full budgets, and with the invariants at its end."""

    def __init__(self):
        self.began_after = 0

    def __call__(self, count=ROUNDS):
        for number in range(count):
            RateLimit.objects.all().delete()  # stands for waiting a day
            latest = AuditEvent.objects.order_by("-pk").first()
            self.began_after = latest.pk if latest else 0
            yield number
            assert broken() == []

    def events(self, *names):
        """What was recorded in this round."""
        events = AuditEvent.objects.filter(pk__gt=self.began_after).order_by("pk")
        return events.filter(event__in=names) if names else events


@pytest.fixture
def rounds(live_site):
    return Rounds()
