"""Look up words and series that begin at a place of a password, fast whatever the password is."""

import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from django.contrib.auth.password_validation import CommonPasswordValidator

SERIES = Path(__file__).parent / "series.txt"

WORD_LENGTHS = range(4, 17)
SHORTEST_SERIES = 8  # characters
OF_NEXT_WORD = 3  # characters of a second word, without which a word is no series
LONG_ENOUGH = 15  # characters that are a series however long its words are
PREFIX = 4  # characters by which a series is found

# In characters: Django's list has about as many common passwords as there are words of three letters.
WORTH_OF_COMMON = 3


class Lexicon:
    """Words with what each is worth, found by their first letters."""

    def __init__(self, words: Mapping[str, int], *, prefix: int) -> None:
        """`prefix` is by how many letters words are found: no more than the shortest word has."""
        self.words = words
        self.prefix = prefix
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for word in words:
            lengths[word[:prefix]].add(len(word))
        self.lengths = {beginning: sorted(found) for beginning, found in lengths.items()}

    def words_at(self, text: str, place: int) -> Iterator[tuple[int, int]]:
        """Yield length and worth of the words that begin at a place."""
        for length in self.lengths.get(text[place : place + self.prefix], ()):
            word = text[place : place + length]
            if word in self.words:
                yield len(word), self.words[word]


@cache
def common_passwords() -> Lexicon:
    """Return the passwords of Django's list that are long enough to be a part, also backwards."""
    path = Path(CommonPasswordValidator().DEFAULT_PASSWORD_LIST_PATH)
    passwords = gzip.decompress(path.read_bytes()).decode().splitlines()
    words: dict[str, int] = {}
    for word in passwords:
        if len(word) in WORD_LENGTHS:
            words[word] = words[word[::-1]] = WORTH_OF_COMMON
    return Lexicon(words, prefix=WORD_LENGTHS[0])


def series_at(text: str, place: int) -> int:
    """Return the length of the longest part of a series that begins at a place, or 0."""
    longest = 0
    for tail, shortest in all_series().get(text[place : place + PREFIX], ()):
        if text.startswith(tail[:shortest], place):
            longest = max(longest, common_length(text[place:], tail))
    return longest


def common_length(text: str, other: str) -> int:
    """Return how many characters at the beginning of both are the same."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((place for place, (one, two) in pairs if one != two), min(len(text), len(other)))


@cache
def all_series() -> dict[str, list[tuple[str, int]]]:
    """Return the series without blanks, from each of their words on, by their first letters.

    Each comes with how many of its characters a password must have: its first word and some of the second.
    """
    found: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for line in SERIES.read_text(encoding="utf-8").splitlines():
        words = [] if line.startswith("#") else line.split()
        for number, word in enumerate(words):
            tail = "".join(words[number:])
            shortest = min(max(SHORTEST_SERIES, len(word) + OF_NEXT_WORD), LONG_ENOUGH)
            if len(tail) >= shortest:
                found[tail[:PREFIX]].append((tail, shortest))
    return found
