"""The names by which the API calls rows: a word, and the row's number in sixteen digits.

Clients take them as they are. A number is never given out again (BigAutoField), and who may see what is the
gates' business, so there is nothing to hide in it (docs/decisions/0012).
"""

import re

DIGITS = 16


def public_id(kind: str, pk: int) -> str:
    """Return, for example, "user-0000000000000042"."""
    return f"{kind}-{pk:0{DIGITS}}"


def row_id(kind: str, text: str) -> int | None:
    """Return the number in an id of this kind, or None for anything else."""
    match = re.fullmatch(rf"{kind}-([0-9]{{{DIGITS}}})", text, re.ASCII)
    return int(match[1]) if match else None
