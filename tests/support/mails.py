"""Read links and subjects of mails."""

import re
from urllib.parse import urlsplit

LINK = re.compile(r"https?://\S+")


def link_in(mail, path):
    """Return the path of the first link below `path` in a mail that was sent."""
    for link in LINK.findall(mail.body):
        if urlsplit(link).path.startswith(path):
            return urlsplit(link).path
    raise AssertionError(f"no link to {path} in:\n{mail.body}")


def subjects(mails, to):
    return [mail.subject for mail in mails if mail.to == [to]]
