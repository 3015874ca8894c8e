"""Ask the servers that mails and texts go to, with `doctor --providers`. Costs nothing, and sends nothing."""

import smtplib
import ssl
from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core import mail

from accounts import factors
from accounts.management.doctor import Check

REFUSED = 400  # SMTP replies from here on


def mail_server_takes_mails() -> Iterator[str]:
    """Connect, encrypt, sign in, and offer a mail from our sender, which is taken back."""
    server = mail_server()
    try:
        server.open()
        client = getattr(server, "connection", None)
        if isinstance(client, smtplib.SMTP):
            yield from sender_problems(client)
    except Exception as error:  # the words of servers may quote the user's name
        yield in_words(error)
    finally:
        server.close()


def mail_server() -> Any:
    mailers = getattr(mail, "mailers", None)  # from Django 6.1 on
    return mailers.default if mailers else mail.get_connection()


def sender_problems(client: smtplib.SMTP) -> Iterator[str]:
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    code, _reply = client.mail(sender)
    client.rset()
    if code >= REFUSED:
        yield f"the mail server takes no mails from {sender} ({code}): change DEFAULT_FROM_EMAIL, or allow it"


def in_words(error: Exception) -> str:
    """Return what went wrong with the mail server, and what to do."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refuses the user or the password ({error.smtp_code}): correct EMAIL_URL"
    if isinstance(error, ssl.SSLError):
        return "the certificate of the mail server is not good for its name: correct the host in EMAIL_URL"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server does not offer encryption or passwords: compare EMAIL_URL with its manual"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "the mail server did not answer within 5 seconds: look at EMAIL_URL, and at firewalls"
    return f"the mail server can't be used ({type(error).__name__}): look at EMAIL_URL, and whether it runs"


def text_provider_takes_texts() -> Iterator[str]:
    for factor in factors.all_factors():
        yield from factor.provider_problems()


CHECKS = {
    "mail server": Check(mail_server_takes_mails, urgency=3),
    "provider of texts": Check(text_provider_takes_texts, urgency=3),
}
