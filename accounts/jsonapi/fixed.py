"""Refuse what a request would change of a resource that can't change here.

Terraform Cloud's documents have members without a feature behind them here, and members that only the server
sets. Clients send them back: with their present value they change nothing, with another one they are refused.
Nothing is accepted and ignored, but for members that no document of Terraform Cloud has.
"""

import json
from collections.abc import Container, Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.requests import Document, kebab

SCALARS = (str, int, float, type(None))


def hold_attributes(sent: Document, present: Mapping[str, Any], *, but: Container[str] = ()) -> None:
    """Add an error for each sent attribute with another value than in `present`, except those in `but`."""
    for name, value in present.items():
        if name not in but and sent.has(name) and not is_same(sent.attributes[name], value):
            sent.fail(name, only(value))


def hold_relationships(sent: Document, present: Mapping[str, Any]) -> None:
    """Like `hold_attributes`, for the `data` of relationships. Their links are no one's to change."""
    for name, related in present.items():
        one, kept = sent.relationships.get(name), related.get("data")
        if one is None or (isinstance(one, dict) and "data" not in one):
            continue
        if not isinstance(one, dict) or not is_same(one["data"], kept):
            pointer = f"/data/relationships/{name}"
            sent.errors.append(ApiError(422, "invalid relationship", only(kept), pointer=pointer))


def is_same(sent: Any, present: Any) -> bool:
    """Return whether a sent value is the present one. Clients mix "" and null, and leave out members."""
    if isinstance(present, Mapping):
        return isinstance(sent, Mapping) and all(
            kebab(name) in present and is_same(value, present[kebab(name)]) for name, value in sent.items()
        )
    if present is None or present == "":
        return sent is None or sent == ""
    return type(sent) is type(present) and bool(sent == present)


def only(present: Any) -> str:
    if isinstance(present, SCALARS):
        return _("This can only be %(value)s here.") % {"value": json.dumps(present, ensure_ascii=False)}
    return _("This can't be changed here.")
