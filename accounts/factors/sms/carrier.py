"""Send texts from the outbox, at most once: a text that may have been sent is never sent again (R38)."""

import logging
from typing import Any

from accounts.factors.sms.backends import get_backend
from accounts.factors.sms.models import TextMessage

logger = logging.getLogger(__name__)


def send_text(content: dict[str, Any]) -> None:
    message = TextMessage.objects.filter(pk=content["message_id"])
    try:
        provider_id = get_backend().send(to=content["to"], body=content["body"])
    except Exception as error:  # the provider's errors contain the number, so log only the class
        logger.warning("Text %s was not sent: %s", content["message_id"], type(error).__name__)
        message.filter(status=TextMessage.Status.QUEUED).update(status=TextMessage.Status.FAILED)
        return
    message.filter(status=TextMessage.Status.QUEUED).update(
        status=TextMessage.Status.SENT, provider_id=provider_id
    )
