"""Send mails by another backend; read their links and subjects."""

import re
from urllib.parse import urlsplit

from django.core import mail

from accounts.models import MailWindow
from tfc_auth.mailers import HAS_MAILERS, mail_settings

LINK = re.compile(r"https?://\S+")


def send_by(backend, settings, **chosen):
    """Let the mails of this process go by another backend, with these settings, until the test is over."""
    for name, value in mail_settings({"EMAIL_BACKEND": backend} | chosen).items():
        setattr(settings, name, value)


def way_out():
    """What Django sends mails by."""
    return mail.mailers.default if HAS_MAILERS else mail.get_connection()


def link_in(message, path):
    """Return the path of the first link below `path` in a mail that was sent."""
    for link in LINK.findall(message.body):
        if urlsplit(link).path.startswith(path):
            return urlsplit(link).path
    raise AssertionError(f"no link to {path} in:\n{message.body}")


def subjects(mails, to):
    return [message.subject for message in mails if message.to == [to]]


def forget_earlier_mails():
    """Let the next mail of each kind go at once, as if an hour had passed since the last one."""
    MailWindow.objects.all().delete()
