"""What the tests beside this share."""

import pytest
from django.db import transaction

from accounts.models import OutboxMessage
from accounts.outbox import notifications
from accounts.outbox.mails import Mail
from tests.accounts.crypto.keys import OLD
from tests.support.factor_answers import all_factors, enrol_device


@pytest.fixture
def keys(settings):
    """Put these keys into force: keys(NEW, OLD)."""

    def put(*keys):
        settings.ENCRYPTION_KEYS = list(keys)

    put(OLD)
    return put


@pytest.fixture
def sealed_by_old(keys, alice):
    """alice with a device of every factor, and a mail and a text on their way."""
    with transaction.atomic():
        asked = {factor.slug: enrol_device(factor, alice)[1] for factor in all_factors()}
    OutboxMessage.objects.all().delete()
    notifications.enqueue(Mail(subject="s", text="t", html="h", address="a@example.com"))
    return asked
