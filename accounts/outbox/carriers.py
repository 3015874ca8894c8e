"""The carrier for each kind of message: mails go by SMTP; other applications register other kinds."""

from collections.abc import Callable
from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused
from typing import Any

from django.core.mail import EmailMultiAlternatives

from accounts.outbox.mails import Mail
from accounts.plugins import Registry

PERMANENT = 500  # SMTP replies from here on are permanent failures


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
    mail = Mail(**content)
    envelope = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.address])
    envelope.attach_alternative(mail.html, "text/html")
    envelope.send()


def is_refusal(error: Exception) -> bool:
    """Return whether the mail server permanently refuses this message: its recipient or its content.

    Refusals of the sender concern all messages and can be corrected, so they don't count.
    """
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _reply in error.recipients.values())
    return isinstance(error, SMTPDataError) and error.smtp_code >= PERMANENT


def is_outage(error: Exception) -> bool:
    """Return whether the server may be down, so that other messages would fail, too."""
    return isinstance(error, (OSError, SMTPException)) and not is_refusal(error)
