"""The backup codes as people keep them, in a file or on paper, with what they are and how to use them."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.web.times import in_full

WIDTH = 76  # characters of a line
LONGEST_PART = 40  # characters of a file name; file systems take 255 bytes in all


@dataclass(frozen=True)
class CodesFile:
    """A name that is safe on every system, the codes, and what stands above and below them, on paper, too."""

    name: str
    above: str
    codes: Sequence[str]
    below: str

    @property
    def text(self) -> str:
        return "\n\n".join([self.above, "\n".join(self.codes), self.below]) + "\n"


def codes_file(user: User, codes: Sequence[str], *, when: datetime) -> CodesFile:
    """Return the file for these unused codes, as they were at this time, in the current time zone."""
    return CodesFile(name=file_name(user, when), above=heading(user, when), codes=codes, below=how_to_renew())


def file_name(user: User, when: datetime) -> str:
    """Return a name of letters, digits and hyphens, whatever the site is called: a name of emoji has none."""
    site = slugify(settings.SITE_NAME, allow_unicode=True) or slugify(urlsplit(settings.SITE_URL).netloc)
    parts = [
        site[:LONGEST_PART],
        "backup-codes",
        user.username[:LONGEST_PART],
        f"{timezone.localtime(when):%Y-%m-%d}",
    ]
    return f"{'-'.join(parts)}.txt"


def heading(user: User, when: datetime) -> str:
    """Return what these codes are, whose, for which site and from when."""
    facts = {
        _("Site"): settings.SITE_NAME,
        _("Address"): settings.SITE_URL,
        _("Account"): f"{user.username} ({user.email})",
        _("Saved"): in_full(when),
    }
    width = max(map(len, facts)) + 1
    use = _(
        "Use one of these codes when you don't have your device: sign in with your password, choose \"Use "
        'a recovery code" and enter it. Each code works once; cross it out when you have used it.'
    )
    table = "\n".join(f"{name + ':':{width}} {value}" for name, value in facts.items())
    return "\n\n".join([_("Backup codes"), table, textwrap.fill(use, WIDTH)])


def how_to_renew() -> str:
    care = _(
        "Keep this where only you can read it. If few codes are left, or somebody else may have seen them, "
        "renew them: these stop working, and you get new ones. Sign in, open this page and choose "
        '"Renew codes":'
    )
    return f"{textwrap.fill(care, WIDTH)}\n{settings.SITE_URL}{reverse('accounts:two_factor')}"
