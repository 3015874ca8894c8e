"""What other programs leave in pasted text: characters that nobody sees, many kinds of blanks and dashes."""

import re

# Unicode's Default_Ignorable_Code_Point (zero width, direction marks, byte-order mark, soft hyphen, variation
# selectors, tags, fillers), and the interlinear marks. No control characters: nothing pastes those by itself.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Python's \s has the no-break, thin and ideographic spaces, tab and newlines; not the blank of braille, nor
# the space of no width, behind which web pages may break a line.
BLANK = r"\s\u2800\u200b"
# Unicode's dashes, the minus, the bullet that looks like a hyphen, and what Japanese keyboards have instead.
DASH = r"\-\u058a\u05be\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\u30fc\ufe31\ufe32\ufe58\ufe63\uff0d\uff70"

INVISIBLES = re.compile(f"[{INVISIBLE}]+")
BLANKS = re.compile(f"[{BLANK}]")
DASHES = re.compile(f"[{DASH}]")
KEYCAP = "\u20e3"  # makes an emoji of the digit before it


def visible(text: str) -> str:
    """Return the text without the characters that nobody sees."""
    return INVISIBLES.sub("", text)


def plain(text: str) -> str:
    """Return what is visible of the text, with spaces for all kinds of blanks and hyphens for all dashes."""
    return DASHES.sub("-", visible(BLANKS.sub(" ", text)))


def has_other_digits(text: str) -> bool:
    """Return whether there are digits other than 0-9: Arabic, full-width, mathematical, superscript ones.

    They are no other spelling of a code or number: programs disagree on which of them are digits (R15).
    """
    return not text.isascii() and any((char.isdigit() and char > "9") or char == KEYCAP for char in text)
