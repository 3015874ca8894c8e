"""Put a mail into its envelope: sender, recipient, and the headers of a machine that writes to people."""

from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from accounts import crypto
from accounts.outbox.mails import Mail

# Holiday notices leave such mails unanswered (RFC 3834; the second is for Exchange). No `List-Unsubscribe`:
# nobody can do without the mails that say what happened to an account. No `Precedence`: it never became a
# standard, and with `bulk` mails about accounts end up among advertisements.
OF_A_MACHINE = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def envelope(mail: Mail) -> EmailMultiAlternatives:
    """Return the mail as it is sent: text first, then the same in HTML. Replies go to SUPPORT_EMAIL."""
    made = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        sender(),
        [mail.address],
        headers=OF_A_MACHINE | {"Message-ID": message_id(mail)},
        reply_to=[settings.SUPPORT_EMAIL] if settings.SUPPORT_EMAIL else None,
    )
    made.attach_alternative(mail.html, "text/html")
    return made


def sender() -> str:
    """Return the sender, with the site's name if it has none: it stands beside every subject in a mailbox."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return str(Address(name or settings.SITE_NAME, addr_spec=address))


def message_id(mail: Mail) -> str:
    """Return the Message-ID, in the site's own domain, and the same for every try at sending this mail.

    A server that took a mail without saying so gets it again: mailboxes can tell that it is the same one.
    """
    key = crypto.digest(f"{mail.address}\n{mail.subject}\n{mail.text}", "message-id")
    host = urlsplit(settings.SITE_URL).hostname or ""
    return f"<{key[:40]}@{f'[{host}]' if ':' in host else host}>"
