"""Parse JSON bodies. What is not well-formed, or can't be stored, is refused with a 400."""

import json
import math
from typing import Any

from django.utils.translation import gettext as _

from accounts.jsonapi.errors import malformed


def parse(body: bytes) -> Any:
    """Return the value of a body. Raises ApiError 400 unless it is JSON that can be stored."""
    try:
        text = body.decode()
        value = json.loads(
            text, object_pairs_hook=no_duplicates, parse_constant=refuse_constant, parse_float=finite
        )
        json.dumps(value, ensure_ascii=False).encode()  # lone surrogates can't be stored
    except (ValueError, RecursionError) as error:
        raise malformed(_("The body is not well-formed JSON.")) from error
    if "\\u0000" in text and has_nul(value):
        raise malformed(_("The body contains a NUL character."))
    return value


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("duplicate key")
    return found


def refuse_constant(constant: str) -> Any:
    raise ValueError(constant)  # NaN, Infinity


def finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def has_nul(value: Any) -> bool:
    """Return whether any string contains NUL. Not recursive, so any value that could be parsed works."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and "\0" in one:
            return True
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        if isinstance(one, list):
            waiting += one
    return False
