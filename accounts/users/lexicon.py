"""Look up words and sentences that begin at a place of a password, fast whatever the password is."""

import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from django.contrib.auth.password_validation import CommonPasswordValidator

LISTS = Path(__file__).parent / "lists"

WORD_LENGTHS = range(4, 17)
SHORTEST_SENTENCE = 8  # characters
SOME = 3
LONGEST_WORD = 15  # who uses such a word alone takes it from a list
PREFIX = 4  # characters by which a sentence is found

# What words are worth, in characters: Django's list has about as many common passwords as there are words of
# three letters, and the most common come first. There are as many of those as words of two letters.
MOST_COMMON = 26**2
WORTH_OF_MOST_COMMON = 2
WORTH_OF_COMMON = 3


class Lexicon:
    """Words with what each is worth, found by their first letters."""

    def __init__(self, words: Mapping[str, int], *, prefix: int) -> None:
        """`prefix` is how many letters the shortest word has."""
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
    for number, word in enumerate(passwords):
        if len(word) in WORD_LENGTHS:
            frequent = number < MOST_COMMON and not word.isdigit()
            worth = WORTH_OF_MOST_COMMON if frequent else WORTH_OF_COMMON
            words.setdefault(word, worth)
            words.setdefault(word[::-1], worth)
    return Lexicon(words, prefix=WORD_LENGTHS[0])


@cache
def small_words() -> Lexicon:
    """Return what stands between the words of a password; a single letter is a character as any other."""
    return Lexicon(
        {word: 1 for line in lines_of("small_words") for word in line.split() if len(word) > 1}, prefix=2
    )


def sentence_at(text: str, place: int) -> int:
    """Return the length of the longest part of a famous sentence or series that begins at a place, or 0."""
    longest = 0
    for tail, shortest in sentences().get(text[place : place + PREFIX], ()):
        if text.startswith(tail[:shortest], place):
            longest = max(longest, common_length(text[place:], tail))
    return longest


def common_length(text: str, other: str) -> int:
    """Return how many characters at the beginning of both are the same."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((place for place, (one, two) in pairs if one != two), min(len(text), len(other)))


@cache
def sentences() -> dict[str, list[tuple[str, int]]]:
    """Return the sentences and series without blanks, from each of their words on, by their first letters.

    With each stands how many characters are the least that count: some of a second word.
    """
    found: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for sentence in (*lines_of("sentences"), *lines_of("series")):
        words = sentence.split()
        for number, word in enumerate(words):
            tail = "".join(words[number:])
            shortest = min(max(SHORTEST_SENTENCE, len(word) + SOME), LONGEST_WORD)
            if len(tail) >= shortest:
                found[tail[:PREFIX]].append((tail, shortest))
    return found


def lines_of(name: str) -> list[str]:
    lines = (LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]
