"""The ids of rows in the API: a word, and the primary key in sixteen digits.

Clients treat them as opaque. Primary keys are never reused (BigAutoField), and gates decide who may see what,
so they need not be secret (docs/decisions/0012).
"""

import re

DIGITS = 16


def public_id(kind: str, pk: int) -> str:
    """Return, for example, "user-0000000000000042"."""
    return f"{kind}-{pk:0{DIGITS}}"


def row_id(kind: str, text: str) -> int | None:
    """Return the primary key in an id of this kind, or None for anything else."""
    match = re.fullmatch(rf"{kind}-([0-9]{{{DIGITS}}})", text, re.ASCII)
    return int(match[1]) if match else None
