"""Find runs of the alphabet and walks over a keyboard in a password."""

from functools import cache
from itertools import pairwise, product
from typing import NamedTuple, TypeAlias

Step: TypeAlias = tuple[int, int]  # rows down and columns to the right
Rows: TypeAlias = list[tuple[str, str]]  # characters without and with the shift key


class Touching(NamedTuple):
    """Where the keys of two characters touch. Each bit is a keyboard, with the direction but for walks."""

    lines: int
    rows: int
    walks: int


SHORTEST_LINE = 3  # keys in one direction, or characters of the alphabet
SHORTEST_WALK = 5  # keys that touch each other, in any direction
SHORTEST_ROW_OF_OTHERS = 5
LONGEST_ROW = 14  # what follows is another row
GREATEST_DISTANCE = 3  # of the characters of a run: "adgjm"
TURNS = {"90": 1, "09": -1}

DIRECTIONS = [step for step in product((-1, 0, 1), repeat=2) if step != (0, 0)]

# The characters of the keys from left to right, row by row: without and with the shift key. The columns of
# neighbouring rows touch: "q" is below "1".
KEYBOARDS: dict[str, Rows] = {
    "QWERTY": [
        ("1234567890-=", "!@#$%^&*()_+"),
        ("qwertyuiop[]\\", "QWERTYUIOP{}|"),
        ("asdfghjkl;'", 'ASDFGHJKL:"'),
        ("zxcvbnm,./", "ZXCVBNM<>?"),
    ],
    "QWERTZ": [
        ("1234567890ß", '!"§$%&/()=?`'),
        ("qwertzuiopü+", "QWERTZUIOPÜ*"),
        ("asdfghjklöä#", "ASDFGHJKLÖÄ'"),
        ("yxcvbnm,.-", "YXCVBNM;:_"),
    ],
    "AZERTY": [
        ("&é\"'(-è_çà)=", "1234567890°+"),
        ("azertyuiop^$", "AZERTYUIOP¨£"),
        ("qsdfghjklmù*", "QSDFGHJKLM%µ"),
        ("wxcvbn,;:!", "WXCVBN?./§"),
    ],
    "ЙЦУКЕН": [
        ("1234567890-=", '!"№;%:?*()_+'),
        ("йцукенгшщзхъ", "ЙЦУКЕНГШЩЗХЪ"),
        ("фывапролджэ", "ФЫВАПРОЛДЖЭ"),
        ("ячсмитьбю.", "ЯЧСМИТЬБЮ,"),
    ],
}
# Of these only rows count: letters that occur together touch on some, "rst", "nei", so walks are no sign.
ROWS_OF_OTHERS: dict[str, Rows] = {
    "ЙЦУКЕН, Ukrainian": [("йцукенгшщзхї", ""), ("фівапролджє", ""), ("ячсмитьбю.", "")],
    "Greek": [(";ςερτυθιοπ[]", ""), ("ασδφγηξκλ", ""), ("ζχψωβνμ,./", "")],
    "Hebrew": [("/'קראטוןםפ", ""), ("שדגכעיחלךף", ""), ("זסבהנמצתץ.", "")],
    "Arabic": [("ضصثقفغعهخحجد", ""), ("شسيبلاتنمكط", ""), ("ئءؤرىةوزظ", "")],
    "Dvorak": [
        ("',.pyfgcrl/=", '"<>PYFGCRL?+'),
        ("aoeuidhtns-", "AOEUIDHTNS_"),
        (";qjkxbmwvz", ":QJKXBMWVZ"),
    ],
    "Colemak": [("qwfpgjluy;[]", "QWFPGJLUY:{}"), ("arstdhneio'", ""), ("zxcvbkm,./", "")],
    "Colemak-DH": [("qwfpbjluy;[]", ""), ("arstgmneio'", ""), ("zxcdvkh,./", "")],
    "BÉPO": [("bépoè^vdljzw", ""), ("auiectsrnmç", ""), ("êàyx.k'qghf", "")],
    "Turkish F": [("fgğ\u0131odrnhpqw", ""), ("uieaütkmlyş", ""), ("jövcçzsb.,", "")],
}


def runs_of(text: str) -> list[int]:
    """Return, for each place, how many characters from there on have the same distance, or 0 for too few.

    "aaa", "abc", "987" and "acegi" do; 0 follows 9.
    """
    distances = [TURNS.get(before + after) or ord(after) - ord(before) for before, after in pairwise(text)]
    lengths, length = [0] * len(text), 1
    for place in range(len(distances) - 1, -1, -1):
        distance = distances[place]
        length = length + 1 if distances[place + 1 : place + 2] == [distance] else 2
        least = SHORTEST_LINE if abs(distance) <= 1 else SHORTEST_WALK
        lengths[place] = length if length >= least and abs(distance) <= GREATEST_DISTANCE else 0
    return lengths


def walk_at(text: str, place: int) -> int:
    """Return how many keys of one keyboard from a place on touch each other, or 0 for too few.

    They touch in a line ("qwer", "1qaz"), or in a longer walk with turns.
    """
    touching, nothing = touching_keys(), Touching(0, 0, 0)
    end = line = row = walk = 1
    lines, rows, walks = touching.get(text[place : place + 2], nothing)
    while (lines or rows or walks) and end < LONGEST_ROW:
        end += 1
        line, row, walk = (end if lines else line), (end if rows else row), (end if walks else walk)
        more = touching.get(text[place + end - 1 : place + end + 1], nothing)
        lines, rows, walks = lines & more.lines, rows & more.rows, walks & more.walks
    return max(
        line if line >= SHORTEST_LINE else 0,
        row if row >= SHORTEST_ROW_OF_OTHERS else 0,
        walk if walk >= SHORTEST_WALK else 0,
    )


@cache
def touching_keys() -> dict[str, Touching]:
    """Return where two characters are on keys that touch."""
    found: dict[str, Touching] = {}
    for number, rows in enumerate(KEYBOARDS.values()):
        for pair, step in steps_of(rows).items():
            lines, others, walks = found.get(pair, (0, 0, 0))
            lines |= 1 << (number * len(DIRECTIONS) + DIRECTIONS.index(step))
            found[pair] = Touching(lines, others, walks | 1 << number)
    for number, rows in enumerate(ROWS_OF_OTHERS.values()):
        for pair, (down, right) in steps_of(rows).items():
            if down == 0:
                lines, others, walks = found.get(pair, (0, 0, 0))
                found[pair] = Touching(lines, others | 1 << (2 * number + (right > 0)), walks)
    return found


def steps_of(rows: Rows) -> dict[str, Step]:
    keys = [
        (character.casefold(), row, column)
        for row, shifts in enumerate(rows)
        for characters in shifts
        for column, character in enumerate(characters)
    ]
    return {
        before + after: (row - former_row, column - former_column)
        for (before, former_row, former_column), (after, row, column) in product(keys, keys)
        if max(abs(row - former_row), abs(column - former_column)) == 1
    }
