"""Find runs of the alphabet and walks over a keyboard in a password."""

from functools import cache
from itertools import product
from typing import TypeAlias

Step: TypeAlias = tuple[int, int]  # rows down and columns to the right

SHORTEST_LINE = 3  # keys in one direction, or characters of the alphabet
SHORTEST_WALK = 5  # keys that touch each other, in any direction
LONGEST_ROW = 14  # what follows is another row

# The characters of the keys from left to right, row by row: without and with the shift key. The columns of
# neighbouring rows touch: "q" is below "1".
KEYBOARDS = {
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


def row_at(text: str, place: int) -> int:
    """Return the length of the run ("abcd", "9876") or walk ("qwer", "1qaz") that begins at a place, or 0."""
    row = text[place : place + LONGEST_ROW]
    return max(run_of(row), *(walk_of(row, steps) for steps in steps_of_keyboards()))


def run_of(text: str) -> int:
    """Return how many characters follow each other, forwards or backwards, or are the same; 0 follows 9."""
    for step, turn in ((1, "90"), (-1, "09"), (0, "")):
        end = 1
        while end < len(text) and (
            ord(text[end]) - ord(text[end - 1]) == step or text[end - 1 : end + 1] == turn
        ):
            end += 1
        if end >= SHORTEST_LINE:
            return end
    return 0


def walk_of(text: str, steps: dict[str, Step]) -> int:
    """Return how many keys touch each other: in a line, or in a longer walk with turns."""
    end, line, direction = 1, 1, steps.get(text[:2])
    while step := steps.get(text[end - 1 : end + 1]):
        if step == direction and line == end:
            line += 1
        end += 1
    if end >= SHORTEST_WALK:
        return end
    return line if line >= SHORTEST_LINE else 0


@cache
def steps_of_keyboards() -> list[dict[str, Step]]:
    """Return, for each keyboard, the step between the two characters of each pair of keys that touch."""
    return [steps_of(rows) for rows in KEYBOARDS.values()]


def steps_of(rows: list[tuple[str, str]]) -> dict[str, Step]:
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
