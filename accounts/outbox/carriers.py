"""The carrier for each kind of message: mails go by SMTP; other applications register other kinds."""

from collections.abc import Callable
from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any

from accounts.outbox.envelopes import envelope
from accounts.outbox.mails import Mail
from accounts.plugins import Registry

PERMANENT = 500  # SMTP replies from here on are permanent failures


class Broken(Exception):
    """The message itself is at fault, not a server: it can't be opened or rendered, or has no carrier."""


@dataclass(frozen=True)
class Carrier:
    """Sends one kind of message. `send` takes the content that was passed to `enqueue_message`."""

    send: Callable[[dict[str, Any]], None]
    # Wiped and marked as sent before the attempt: the message may be lost, but is never sent twice.
    at_most_once: bool = False


carriers: Registry[Carrier] = Registry()


def urgent_kinds() -> list[str]:
    """Return the kinds that somebody is waiting for (texts): they are sent before all others."""
    return [kind for kind, by in carriers.items() if by.at_most_once]


def send_mail(content: dict[str, Any]) -> None:
    content.pop("times", None)  # of a mail that waited (windows.py): it has them in its text
    try:
        mail = Mail(**content)
    except TypeError as error:
        raise Broken from error
    envelope(mail).send()


def is_refusal(error: Exception) -> bool:
    """Return whether the mail server permanently refuses this message: its recipient or its content.

    Refusals of the sender concern all messages and can be corrected, so they don't count.
    """
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _reply in error.recipients.values())
    return isinstance(error, SMTPDataError) and error.smtp_code >= PERMANENT
