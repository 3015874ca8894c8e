"""Read the token in a link of a mail, whatever mail programs have made of the link on its way.

A token is `number.time.signature`, and the signature has a fixed length. So everything behind it can be cut
off without guessing: a full stop, a bracket, the parameters of a tracker. What the browser sent is read in
one way only: nothing is tried twice.
"""

import re

from django.urls import register_converter
from django.utils.translation import gettext_lazy

from accounts.exceptions import RuleViolation
from accounts.typed.characters import BLANK, INVISIBLE

LONGEST_LINK = 2000  # characters that are read at all
UNREADABLE = "unreadable"  # stands for a token in the cookie

# The primary key, the time in base 62, and the HMAC-SHA-256 in base64 without padding.
TOKEN = re.compile(r"[1-9][0-9]{0,17}\.[0-9A-Za-z]{4,8}\.([A-Za-z0-9_-]{43})")
SOFT_BREAK = re.compile(r"=\s*[\r\n]\s*")  # quoted-printable, which some programs leave in
QUOTED = re.compile(r"=([0-9A-F]{2})")
# What shows nothing, control characters too, and what is left of quoted-printable.
LEFT_INSIDE = re.compile(rf"[={BLANK}{INVISIBLE}\x00-\x1f\x7f-\x9f]")


class LinkInvalid(RuleViolation):
    """The link is forged, used or outdated. All have the same message, so an attacker learns nothing.

    Its children are told apart by the text of the link alone, which anybody can read.
    """

    code = "link-invalid"
    message = gettext_lazy("This link doesn't work. It may be too old, or it may have been used already.")


class LinkOutdated(LinkInvalid):
    message = gettext_lazy("That link is too old.")


class LinkIncomplete(LinkInvalid):
    message = gettext_lazy(
        "This link is incomplete, or a program has changed it. Open it in the email, or copy all of it."
    )


class LinkInOneCase(LinkInvalid):
    """A signature has letters of both cases, but for one in a thousand million."""

    message = gettext_lazy(
        "A program has changed capital letters in this link, and they matter. Open the link in the email "
        "itself, or copy it from there."
    )


class LinkOfAnother(RuleViolation):
    """The link is for another account than the one that is signed in. Doesn't say for which (D42)."""

    code = "link-of-another-account"
    message = gettext_lazy("This link belongs to another account.")


def read_token(text: str) -> str:
    """Return the token at the start of what a link had behind its path, or UNREADABLE."""
    if len(text) > LONGEST_LINK:
        return UNREADABLE
    text = QUOTED.sub(lambda match: chr(int(match[1], 16)), SOFT_BREAK.sub("", text))
    found = TOKEN.match(LEFT_INSIDE.sub("", text))
    return found[0] if found else UNREADABLE


def check_text(token: str) -> None:
    """Raise LinkIncomplete or LinkInOneCase if no link that was mailed has this token. "" is no link."""
    if not token:
        raise LinkInvalid
    found = TOKEN.fullmatch(token)
    if found is None:
        raise LinkIncomplete
    signature = found[1]
    if signature.islower() or signature.isupper():
        raise LinkInOneCase


class LinkConverter:
    """Everything behind the path of a link, slashes and line breaks too."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(LinkConverter, "link")
