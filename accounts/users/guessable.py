"""Judge how hard a password is to guess. People choose words, names, runs and repeats; attackers know that.

A password is divided into parts: common passwords, names, dates, runs of the alphabet, walks over the
keyboard, copies of an earlier part, and single characters. A part is worth as many characters as it costs
somebody who tries such parts first, and a password is worth what its cheapest division is worth. One that is
worth fewer than ENOUGH is refused (R2, NIST SP 800-63B-4 section 3.1.1.2, ASVS 6.2.4).

Divisions that are worth enough are not followed, so the work is small whatever is typed. zxcvbn does more,
but takes a second for some passwords.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from functools import cache

from django.contrib.auth.password_validation import CommonPasswordValidator

from accounts.users.keyboards import row_at

ENOUGH = 8  # characters
LONGEST = 256  # characters that are looked at: what begins with so many that are easy to guess is refused
SHORTEST_NAME = 3
SHORTEST_COPY = 3
WORD_LENGTHS = range(4, 17)
POWERS_OF_TWO = [2**power for power in range(LONGEST.bit_length())]

# Digits and signs that stand for letters; "1" stands for two of them.
LOOK_ALIKES = [str.maketrans("@4830!5$71", "aabeoisst" + letter) for letter in "il"]
DATE = re.compile(
    r"(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?"
    r"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|[12]\d|3[01])(?:19|20)\d\d",
    re.ASCII,
)


class Part(Enum):
    """A kind of part that is easy to guess."""

    NAME = auto()
    COMMON = auto()
    ROW = auto()
    COPY = auto()
    DATE = auto()


# In characters: there are about as many common passwords as words of three letters.
WORTH = {Part.NAME: 1, Part.COMMON: 3, Part.ROW: 1, Part.COPY: 1, Part.DATE: 2}


def weakness(password: str, names: Iterable[str]) -> Part | None:
    """Return the kind of part that makes up most of a password that is easy to guess; None for a good one.

    `names` are the names and addresses of the person and of the site. Upper and lower case, digits that
    stand for letters, and signs between the letters make no difference.
    """
    raw = password[:LONGEST].casefold()
    text = normal(raw)[:LONGEST]
    known = {spelling for name in names for spelling in spellings(name)}
    signs = {char for char in text if not char.isalnum()}
    bare = "".join(char for char in text if char not in signs)
    for spelling, worth in {raw: 0, text: 0, bare: len(signs), sorted_out(text): 0}.items():
        for letters in {spelling.translate(table) for table in LOOK_ALIKES}:
            found = judge(spelling, letters, known, worth=worth)
            if found:
                return found
    return None


def sorted_out(text: str) -> str:
    """Return letters and digits that alternate ("1a2b3c4d") one after the other; other texts as they are."""
    first, second = text[::2], text[1::2]
    alternate = (first.isdigit() and second.isalpha()) or (first.isalpha() and second.isdigit())
    return first + second if alternate else text


def judge(text: str, letters: str, names: set[str], *, worth: int) -> Part | None:
    """Return the kind that makes up most of the cheapest division; None if even that is worth enough.

    `letters` is the text with letters for what stands for them; `worth` is what left out signs are worth.
    """
    cheapest: dict[int, tuple[int, dict[Part, int]]] = {
        0: (worth, {})
    }  # by place: worth, lengths of the kinds
    for place in range(len(text)):
        worth, lengths = cheapest.pop(place, (ENOUGH, {}))
        if worth >= ENOUGH:
            if not cheapest:
                return None
            continue
        for part, length in parts_at(text, letters, place, names):
            reached = worth + (WORTH[part] if part else 1)
            if reached < cheapest.get(place + length, (ENOUGH, {}))[0]:
                more = {part: lengths.get(part, 0) + length} if part else {}
                cheapest[place + length] = reached, lengths | more
    worth, lengths = cheapest.get(len(text), (ENOUGH, {}))
    if worth >= ENOUGH:
        return None
    return max(lengths, key=lambda part: lengths[part], default=Part.COMMON)


def parts_at(text: str, letters: str, place: int, names: set[str]) -> Iterator[tuple[Part | None, int]]:
    """Yield the kinds and lengths of the parts that begin at a place; None for a single character."""
    yield None, 1
    found = [
        (Part.COPY, copy_at(text, place)),
        (Part.ROW, row_at(text, place)),
        (Part.DATE, date_at(text, place)),
        *((Part.NAME, len(name)) for name in names if starts(text, letters, place, name)),
        *((Part.COMMON, length) for length in common_at(text, letters, place)),
    ]
    yield from ((part, length) for part, length in found if length)


def starts(text: str, letters: str, place: int, name: str) -> bool:
    return text.startswith(name, place) or letters.startswith(name, place)


def common_at(text: str, letters: str, place: int) -> Iterator[int]:
    """Yield the lengths of the common passwords that begin at a place, also written backwards."""
    common = common_passwords()
    for end in range(place + WORD_LENGTHS[0], min(place + WORD_LENGTHS[-1], len(text)) + 1):
        word, spelled = text[place:end], letters[place:end]
        if word in common or spelled in common or spelled[::-1] in common:
            yield end - place


def copy_at(text: str, place: int) -> int:
    """Return the length of the part that repeats earlier text, and may overlap it: "aaaa" repeats "a"."""
    end = place + SHORTEST_COPY
    earlier = text.find(text[place:end], 0, end - 1)
    if earlier < 0 or end > len(text):
        return 0
    length = SHORTEST_COPY
    for step in reversed(POWERS_OF_TWO):  # comparing slices is faster than comparing characters
        longer = text[place : place + length + step]
        if len(longer) == length + step and text.startswith(longer, earlier):
            length += step
    return length


def date_at(text: str, place: int) -> int:
    date = DATE.match(text, place)
    return len(date[0]) if date else 0


@cache
def common_passwords() -> frozenset[str]:
    """Return the passwords of Django's list that are long enough to be a part; "4" alone is none."""
    return frozenset(word for word in CommonPasswordValidator().passwords if len(word) in WORD_LENGTHS)


def normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def spellings(name: str) -> set[str]:
    """Return a name as it is, its words, and its words joined: "TFC Auth" is in "tfcauth-tfcauth", too."""
    whole = normal(name)
    words = "".join(char if char.isalnum() else " " for char in whole).split()
    return {spelling for spelling in {whole, "".join(words), *words} if len(spelling) >= SHORTEST_NAME}
