"""Send texts from the outbox, at most once: a text that may have been sent is never sent again (R38)."""

import logging
from typing import Any

from django.db import Error

from accounts.factors.sms.backends import get_backend
from accounts.factors.sms.breaker import Sent, count_sent
from accounts.factors.sms.counts import ACCEPTED, REFUSED, TEXTS
from accounts.factors.sms.models import TextMessage
from accounts.factors.sms.reasons import NONE

logger = logging.getLogger(__name__)


def send_text(content: dict[str, Any]) -> None:
    pk = content["message_id"]
    message = TextMessage.objects.filter(pk=pk, status=TextMessage.Status.QUEUED)
    backend = get_backend()
    try:
        provider_id = backend.send(to=content["to"], body=content["body"])
    except Exception as error:  # the provider's errors contain the number, so log only the class
        logger.warning("Text %s was not sent: %s", pk, type(error).__name__)
        TEXTS.count(REFUSED, backend.reason_of(error))
        message.update(status=TextMessage.Status.FAILED)
        return
    TEXTS.count(ACCEPTED, NONE)
    message.update(status=TextMessage.Status.SENT, provider_id=provider_id)
    if "source" not in content:  # queued by a former version
        return
    try:
        count_sent(Sent(content["to"], **content["source"]), pk)
    except Error as error:  # it was sent all the same
        logger.error("Text %s was sent, but not counted: %s", pk, type(error).__name__)
