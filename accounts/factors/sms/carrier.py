"""How a text leaves the outbox: at most once. A text that may have gone out is never sent again (R38)."""

import logging
from typing import Any

from accounts.factors.sms.backends import get_backend
from accounts.factors.sms.models import TextMessage

logger = logging.getLogger(__name__)


def send_text(content: dict[str, Any]) -> None:
    message = TextMessage.objects.filter(pk=content["message_id"])
    try:
        provider_id = get_backend().send(to=content["to"], body=content["body"])
    except Exception as error:  # the provider's own errors carry the number: only the class is told
        logger.warning("Text %s was not sent: %s", content["message_id"], type(error).__name__)
        message.filter(status=TextMessage.Status.QUEUED).update(status=TextMessage.Status.FAILED)
        return
    message.filter(status=TextMessage.Status.QUEUED).update(
        status=TextMessage.Status.SENT, provider_id=provider_id
    )
