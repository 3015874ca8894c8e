"""Who sends the messages of each kind: mails by SMTP here, other kinds in their own applications."""

from collections.abc import Callable
from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any

from django.core.mail import EmailMultiAlternatives

from accounts.outbox.mails import Mail
from accounts.plugins import Registry

PERMANENT = 500  # replies from here on: the same again will be refused again


@dataclass(frozen=True)
class Carrier:
    """Sends one kind of message: `send` gets what `enqueue_message` was given."""

    send: Callable[[dict[str, Any]], None]
    # Wiped and marked as sent before it is tried: better lost than twice.
    at_most_once: bool = False


carriers: Registry[Carrier] = Registry()


def urgent_kinds() -> list[str]:
    """Return the kinds that somebody waits for, and that no failure of the others may keep: texts."""
    return [kind for kind, by in carriers.items() if by.at_most_once]


def send_mail(content: dict[str, Any]) -> None:
    mail = Mail(**content)
    envelope = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.address])
    envelope.attach_alternative(mail.html, "text/html")
    envelope.send()


def is_refusal(error: Exception) -> bool:
    """Whether the mail server is there and won't have this very message: its reader or what it says.

    What it says against us (who may send, from which address) concerns all messages, and may be mended.
    """
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _reply in error.recipients.values())
    return isinstance(error, SMTPDataError) and error.smtp_code >= PERMANENT


carriers.register("mail", Carrier(send_mail))
