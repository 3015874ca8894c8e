"""Read which page of a list is asked for. A page begins after a row, so its cost does not grow."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest


def id_before(request: HttpRequest) -> int | None:
    """Return the id of the last row already shown, from `before`, or None. Raises BadRequest."""
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) <= 18):
        raise BadRequest("malformed id")
    return int(before) if before else None
