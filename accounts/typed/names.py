"""Read names and email addresses, as they are stored and compared.

Both are ASCII here (D25), so no other spelling can be mistaken for one. What is stored is unchanged by these
functions: they only undo what keyboards and other programs do to it. So two accounts never become one.
"""

import re

import idna

from accounts.typed.characters import INVISIBLE

LONGEST_ADDRESS = 320  # characters of an address that are read (RFC 3696)

PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]*[A-Za-z0-9]")
# What word processors make of a hyphen and an apostrophe; the blank of braille, which Python does not strip.
TYPOGRAPHY = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2019": "'", "\u2800": " "})
# As mail programs copy an address: "Alice <alice@example.com>".
IN_BRACKETS = re.compile(r"([^<>]*)<([^<>]+)>[ .,;:]*$")
CAUGHT_BEHIND = " .,;:>)"
# Nothing leaves a right-to-left override behind: it shows a text backwards, and stays, to be refused (OR-11).
HIDDEN = re.compile(rf"(?!\u202e)[{INVISIBLE}]")
# In some scripts the joiners are letters of a domain; everywhere else the rules of IDNA refuse them.
HIDDEN_IN_DOMAINS = re.compile(rf"(?![\u202e\u200c\u200d])[{INVISIBLE}]")


def name(text: str) -> str:
    """Return a name without invisible characters, and without blanks around it."""
    if PLAIN_NAME.fullmatch(text):
        return text
    return HIDDEN.sub("", text).translate(TYPOGRAPHY).strip()


def address(text: str) -> str:
    """Return an email address, its domain in ASCII letters: both spellings of a domain are one address.

    What can't be read stays as it is; the validators refuse it.
    """
    if PLAIN_ADDRESS.fullmatch(text) or len(text) > LONGEST_ADDRESS:
        return text
    joined = HIDDEN_IN_DOMAINS.sub("", text).translate(TYPOGRAPHY).strip()
    written = without_display_name(joined)
    local, at, domain = written.strip().removeprefix("mailto:").rstrip(CAUGHT_BEHIND).rpartition("@")
    return f"{HIDDEN.sub('', local)}{at}{ascii_domain(domain)}"


def without_display_name(text: str) -> str:
    """Return the address in brackets, but not if the name before it is another one."""
    found = IN_BRACKETS.match(text)
    if found is None:
        return text
    display_name, written = found[1].strip("\"' "), found[2]
    return text if "@" in display_name and display_name.lower() != written.strip().lower() else written


def ascii_domain(domain: str) -> str:
    """Return a domain in ASCII, by IDNA 2008 and UTS 46; one that has no such spelling stays as it is."""
    if (shown := HIDDEN.sub("", domain)).isascii():
        return shown.rstrip(".")
    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode().rstrip(".")
    except UnicodeError:  # idna's own errors are children of it
        return domain


def login(text: str) -> str:
    """Return what somebody signs in with, or is named by: an address if it contains @, else a name."""
    return address(text) if "@" in text else name(text)
