"""Ways to read a password: without capitals, signs between the letters, and doubled characters."""

import unicodedata
from collections.abc import Mapping


def spellings(raw: str, longest: int) -> Mapping[str, int]:
    """Return readings of the first characters, each with what the changes to the text are worth.

    Signs may stand between the letters ("a-b-c"), characters alternate ("1a2b3c") or be doubled ("aabbcc").
    """
    text = normal(raw)[:longest]
    signs = {char for char in text if not char.isalnum()}
    bare = "".join(char for char in text if char not in signs)
    found = {raw: 0, text: 0}
    found.setdefault(bare, len(signs))
    found.setdefault(taken_apart(text), 0)
    for spelling in (text, bare):
        found.setdefault(without_doubles(spelling), found[spelling] + 1)
    return found


def taken_apart(text: str) -> str:
    """Return "abc123" for "a1b2c3", also with signs; return a text that does not alternate as it is."""
    first, second = text[::2], text[1::2]
    alternate = kinds_of(first) != kinds_of(second) and len(kinds_of(first)) == len(kinds_of(second)) == 1
    return first + second if alternate else text


def kinds_of(text: str) -> set[tuple[bool, bool]]:
    return {(char.isalpha(), char.isdigit()) for char in text}


def without_doubles(text: str) -> str:
    """Return repeated characters once if more than a third of the text are repeats, or else the text."""
    single = "".join(char for char, before in zip(text, " " + text, strict=False) if char != before)
    return single if 3 * len(single) < 2 * len(text) else text


def normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
