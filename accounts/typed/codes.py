"""Find the codes in what was typed or pasted. The caller tries one code, or refuses the text (R15, D44).

Two codes are never tried for one counted attempt: a text with more than one is refused.
"""

import re

from accounts.typed.characters import has_other_digits, plain

SIX_DIGITS = re.compile(r"[0-9]{6}")
GROUPING = str.maketrans("", "", " -")
# What quotes a code: quotation marks, brackets, the stars of chats; the end of a clause.
QUOTING = "\"'`*()[]{}<>\u00ab\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\u300c\u300d"
CLAUSE_ENDS = ".,;:!"
# All that may be meant as a code: six digits in a row, or three and three.
CANDIDATES = re.compile(r"(?<![0-9])(?:[0-9]{6}|(?<![0-9][ -])[0-9]{3}[ -][0-9]{3}(?![ -][0-9]))(?![0-9])")
# What stands alone, in a text: no part of a word, of an amount, or of a longer number.
STANDING_ALONE = re.compile(rf"(?<![\w+.,])(?:{CANDIDATES.pattern})(?!\w|[.,][0-9])", re.ASCII)
# A sentence has words; what has none is digits and signs, and must be the code and nothing else.
WORD = re.compile(r"[^\W\d_]{2}")


def without_grouping(text: str) -> str:
    """Return the text without the blanks and dashes that divide codes into groups, and without invisibles."""
    return plain(text).translate(GROUPING)


def six_digit_codes(text: str) -> set[str]:
    """Return the six-digit codes in a text: the one that it says, none, or several, of which none is meant.

    The text may be the whole message that brought the code. Without words it must have nothing but the code,
    in groups or not, and what quotes it: a sign or a fraction makes it something else. Digits of other
    scripts are no digits.
    """
    if SIX_DIGITS.fullmatch(text):
        return {text}
    text = plain(text)
    whole = text.translate(GROUPING)
    whole = unquoted(whole)
    if SIX_DIGITS.fullmatch(whole):
        return {whole}
    found = {code.translate(GROUPING) for code in CANDIDATES.findall(text)}
    if len(found) == 1 and (
        not WORD.search(text) or has_other_digits(text) or not STANDING_ALONE.search(text)
    ):
        return set()
    return found


def unquoted(text: str) -> str:
    """Return the text without the marks around it."""
    return text.lstrip(QUOTING).rstrip(QUOTING + CLAUSE_ENDS)
