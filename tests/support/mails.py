"""Send mails by another backend; read their links and subjects."""

import re
from urllib.parse import urlsplit

from accounts.models import MailWindow
from tfc_auth.mailers import mail_settings

LINK = re.compile(r"https?://\S+")


def send_by(backend, settings):
    """Let the mails of this process go by another backend, until the test is over."""
    for name, value in mail_settings({"EMAIL_BACKEND": backend}).items():
        setattr(settings, name, value)


def link_in(mail, path):
    """Return the path of the first link below `path` in a mail that was sent."""
    for link in LINK.findall(mail.body):
        if urlsplit(link).path.startswith(path):
            return urlsplit(link).path
    raise AssertionError(f"no link to {path} in:\n{mail.body}")


def subjects(mails, to):
    return [mail.subject for mail in mails if mail.to == [to]]


def forget_earlier_mails():
    """Let the next mail of each kind go at once, as if an hour had passed since the last one."""
    MailWindow.objects.all().delete()
