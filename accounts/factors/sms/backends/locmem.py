import secrets
from dataclasses import dataclass

from accounts.factors.sms.backends.base import SMSBackend


@dataclass(frozen=True)
class Text:
    to: str
    body: str
    provider_id: str


# Every text of this process, oldest first.
outbox: list[Text] = []


class LocmemBackend(SMSBackend):
    """For tests: keeps texts in this process's memory."""

    def send(self, *, to: str, body: str) -> str:
        text = Text(to, body, f"locmem-{secrets.token_hex(8)}")
        outbox.append(text)
        return text.provider_id
