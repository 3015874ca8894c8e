"""Judge how hard a password is to guess. People choose words, names, runs and repeats; attackers know that.

A password is divided into parts: common passwords, names, series, dates, runs of the alphabet,
walks over the keyboard, copies of an earlier part, single words, and single characters. A part is worth as
many characters as it costs somebody who tries such parts first, and a password is worth what its cheapest
division is worth. One that is worth fewer than ENOUGH is refused (R2, NIST SP 800-63B-4 section 3.1.1.2,
ASVS 6.2.4).

Divisions that are worth enough are not followed, so the work is small whatever is typed. zxcvbn does more,
but takes a second for some passwords.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

from accounts.users.keyboards import runs_of, walk_at
from accounts.users.lexicon import Lexicon, common_passwords, series_at
from accounts.users.spellings import normal, spellings

ENOUGH = 8  # characters
LONGEST = 128  # characters that are looked at: what begins with so many that are easy to guess is refused
SHORTEST_NAME = 3
SHORTEST_COPY = 3
HALVES = range(4, 15)  # twice the same: a half of at most 14 characters is too short by itself (R1)
WORD_WORTH = HALVES_WORTH = 5
POWERS_OF_TWO = [2**power for power in range(LONGEST.bit_length())]

# Digits and signs that stand for letters; "1" stands for two of them.
LOOK_ALIKES = [str.maketrans("@4830!5$71", "aabeoisst" + letter) for letter in "il"]
YEAR = r"(?:19\d\d|20[0-4]\d)"
DAY, MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
MONTH_NAME = (
    r"(?:jan(?:uary?|uar|vier)?|feb(?:ruary?|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli"
    r"|aug(?:ust)?|sep(?:t|tember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
DATE = re.compile(
    rf"{YEAR}{MONTH}{DAY}|{DAY}{DAY}{YEAR}|{YEAR}"
    rf"|\d\d?(?P<sign>[./-])\d\d?(?P=sign){YEAR}|\d\d?(?P<dot>[./-])\d\d?(?P=dot)\d\d"
    rf"|{YEAR}(?P<dash>[./-])\d\d?(?P=dash)\d\d?"
    rf"|(?:\d\d?(?:st|nd|rd|th)?)?{MONTH_NAME}(?:\d\d?(?:st|nd|rd|th)?)?(?:{YEAR})?"
)
FIRST_LETTERS_OF_MONTHS = "jfmasond"
YEAR_ALONE = re.compile(rf"(?<!\d){YEAR}(?!\d)")
# A word between signs and digits: "kindergarten123". Scripts with few characters for a word are left alone.
WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]{5,12})(?![^\W\d_])")
FIRST_IDEOGRAPH = "\u2e80"


class Part(Enum):
    """A kind of part that is easy to guess."""

    NAME = auto()
    COMMON = auto()
    SERIES = auto()
    ROW = auto()
    COPY = auto()
    DATE = auto()
    WORD = auto()


@dataclass(frozen=True)
class Known:
    """What is known about one password: names around it, and words that stand alone in it."""

    lexicons: list[tuple[Part, Lexicon]]
    words: Lexicon


@dataclass(frozen=True)
class Spelling:
    """One way to read a password. The variants have letters for what stands for them."""

    text: str
    variants: list[str]
    runs: list[int]

    @classmethod
    def of(cls, text: str) -> Self:
        variants = dict.fromkeys([text, *(text.translate(table) for table in LOOK_ALIKES)])
        return cls(text, list(variants), runs_of(text))


Found = tuple[Part | None, int, int]  # kind (None for a character), length, worth in characters


def weakness(password: str, names: Iterable[str]) -> Part | None:
    """Return the kind of part that makes up most of a password that is easy to guess; None for a good one.

    `names` are the names and addresses around the person and the site. Upper and lower case, digits that
    stand for letters, and signs between the letters make no difference.
    """
    raw = password[:LONGEST].casefold()
    lexicons = [
        (Part.NAME, names_to_find(names)),
        (Part.COMMON, common_passwords()),
    ]
    known = Known(lexicons, words_alone(password[:LONGEST]))
    for spelling, worth in spellings(raw, LONGEST).items():
        found = judge(spelling, known, worth=worth)
        if found:
            return found
    return None


def judge(text: str, known: Known, *, worth: int) -> Part | None:
    """Return the kind that makes up most of the cheapest division; None if even that is worth enough.

    `worth` is what changes to the text are worth: signs that were left out, doubled characters.
    """
    if worth >= ENOUGH:
        return None
    spelling = Spelling.of(text)
    best = [worth] + [ENOUGH] * len(text)  # by place: what the text before it is worth
    steps: dict[int, tuple[Part | None, int]] = {}  # by place: the part that ends there
    furthest = 0
    for place in range(len(text)):
        if place > furthest:
            return None
        left = ENOUGH - 1 - best[place]
        if left <= 0:
            continue
        for part, length, part_worth in parts_at(spelling, place, known, left):
            reached = best[place] + part_worth
            if reached < best[place + length]:
                best[place + length] = reached
                steps[place + length] = part, length
                furthest = max(furthest, place + length)
    return main_part(steps, len(text)) if best[-1] < ENOUGH else None


def main_part(steps: Mapping[int, tuple[Part | None, int]], place: int) -> Part:
    """Return the kind that most characters before a place belong to."""
    lengths: dict[Part, int] = {}
    while place:
        part, length = steps[place]
        place -= length
        if part:
            lengths[part] = lengths.get(part, 0) + length
    return max(lengths, key=lambda part: lengths[part], default=Part.COMMON)


def parts_at(spelling: Spelling, place: int, known: Known, left: int) -> Iterator[Found]:
    """Yield the parts that begin at a place. Those that are worth more than `left` may be missing."""
    text = spelling.text
    yield None, 1, 1
    copy, row = copy_at(text, place), max(spelling.runs[place], walk_at(text, place))
    if copy:
        yield Part.COPY, copy, 1
    if row:
        yield Part.COPY if text[place] == text[place + row - 1] else Part.ROW, row, 1
    yield from dates_at(text, place)
    for variant in spelling.variants:
        for part, lexicon in known.lexicons:
            for length, worth in lexicon.words_at(variant, place):
                yield part, length, worth
        series = series_at(variant, place)
        if series:
            yield Part.SERIES, series, 2
    if left >= HALVES_WORTH:
        for length, worth in known.words.words_at(text, place):
            yield Part.WORD, length, worth
        for length in halves_at(text, place):
            yield Part.COPY, length, HALVES_WORTH


def dates_at(text: str, place: int) -> Iterator[Found]:
    if text[place].isdigit() or text[place] in FIRST_LETTERS_OF_MONTHS:
        date = DATE.match(text, place)
        if date:
            yield Part.DATE, len(date[0]), 1 if YEAR_ALONE.fullmatch(text, place, date.end()) else 2


def halves_at(text: str, place: int) -> Iterator[int]:
    """Yield the lengths of the parts that are something twice, the second time perhaps backwards."""
    for length in HALVES:
        first, second = text[place : place + length], text[place + length : place + 2 * length]
        if second in (first, first[::-1]):
            yield 2 * length


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


def words_alone(password: str) -> Lexicon:
    """Return what looks like a word between digits and signs: no capitals within, and enough vowels."""
    found = WORD.findall(unicodedata.normalize("NFKC", password))
    return Lexicon({normal(word): WORD_WORTH for word in found if looks_like_a_word(word)}, prefix=3)


def looks_like_a_word(word: str) -> bool:
    if word[1:] not in (word[1:].lower(), word[1:].upper()) or word >= FIRST_IDEOGRAPH:
        return False
    return not word.isascii() or 3 * sum(map(word.casefold().count, "aeiouy")) >= len(word)


def names_to_find(names: Iterable[str]) -> Lexicon:
    """Return the names, their words, and the words joined, all of them backwards, too: "htuacft" is a name
    of the site "TFC Auth".
    """
    found: dict[str, int] = {}
    for name in names:
        whole = normal(name)
        words = "".join(char if char.isalnum() else " " for char in whole).split()
        for spelling in (whole, "".join(words), *words):
            if len(spelling) >= SHORTEST_NAME:
                found[spelling] = found[spelling[::-1]] = 1
    return Lexicon(found, prefix=SHORTEST_NAME)
