"""Read the document of a request strictly."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.jsonapi.errors import ApiError, InvalidDocument, invalid_attribute, malformed

MOST_IDENTIFIERS = 100
LARGEST_INTEGER = 2**31 - 1


class Document:
    """The document of a request: `data` with its attributes and relationships.

    The methods that read an attribute collect its errors; `check` then raises all of them at once. So a verb
    is called with a completely valid request, or not at all.
    """

    def __init__(self, body: Any, *, kinds: Iterable[str] = (), public_id: str = "") -> None:
        """Read `data`. Raises ApiError: 409 for a type not in `kinds` or an id other than `public_id`."""
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict):
            raise ApiError(422, "invalid document", _("There must be a “data” object."), pointer="/data")
        check_kind(data, kinds)
        sent_id = sent_text(data, "id", "/data/id")
        if public_id and sent_id and sent_id != public_id:
            raise ApiError(409, "conflict", _("The id doesn't match the address."), pointer="/data/id")
        self.attributes = kebab_keys(member(data, "attributes"))
        self.relationships = kebab_keys(member(data, "relationships"))
        self.errors: list[ApiError] = []

    def has(self, name: str) -> bool:
        return kebab(name) in self.attributes

    def fail(self, name: str, detail: str) -> None:
        self.errors.append(invalid_attribute(name, detail))

    def check(self) -> None:
        if self.errors:
            raise InvalidDocument(self.errors)

    def text(self, name: str, field: forms.Field) -> str:
        """Return a text as the form field cleans it, or add an error and return "". Missing or null is ""."""
        value = self.attributes.get(kebab(name))
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.fail(name, _("This must be a string."))
            return ""
        try:
            cleaned: str = field.clean(value)
        except ValidationError as error:
            self.fail(name, " ".join(error.messages))
            return ""
        return cleaned

    def choice(self, name: str, choices: Iterable[str]) -> str:
        value = self.attributes.get(kebab(name))
        known = list(choices)
        if not isinstance(value, str) or value not in known:
            self.fail(name, _("This must be one of: %(choices)s.") % {"choices": ", ".join(known)})
            return ""
        return value

    def flag(self, name: str) -> bool | None:
        """Return true or false; for anything else add an error and return None."""
        value = self.attributes.get(kebab(name))
        if isinstance(value, bool):
            return value
        self.fail(name, _("This must be true or false."))
        return None

    def integer(self, name: str) -> int | None:
        """Return an integer that fits a column, or None for null; for anything else add an error."""
        value = self.attributes.get(kebab(name))
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER:
            return value
        self.fail(name, _("This must be a whole number or null."))
        return None

    def moment(self, name: str) -> datetime | None:
        """Return a time in UTC, or None for null; for anything else add an error.

        A time without a zone is in UTC: one official client sends them so.
        """
        value = self.attributes.get(kebab(name))
        if value is None:
            return None
        try:
            if isinstance(value, str) and ":" in value:  # a date alone could be its beginning or its end
                found = datetime.fromisoformat(value)
                return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self.fail(name, _("This must be a time in UTC, such as 2030-01-31T12:00:00Z, or null."))
        return None


def kebab(name: str) -> str:
    """Return the canonical spelling of an attribute. Clients may send `_` or `-` (D15)."""
    return name.replace("_", "-")


def kebab_keys(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members under their canonical names. Raises ApiError 400 if one is there twice."""
    found = {kebab(name): one for name, one in sent.items()}
    if len(found) < len(sent):
        raise malformed(_("The body has one member in two spellings."))
    return found


def member(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object of a resource, {} if it is missing or null. Raises ApiError 422."""
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ApiError(422, "invalid document", _("This must be an object."), pointer=f"/data/{name}")
    return value


def check_kind(data: Mapping[str, Any], kinds: Iterable[str], pointer: str = "/data/type") -> None:
    """Raise ApiError 409 for a type that is not in `kinds`. Clients may send "" or none."""
    kind = sent_text(data, "type", pointer)
    known = list(kinds)
    if kind and known and kind not in known:
        detail = _("That is another type of resource. The type here is: %(known)s.")
        raise ApiError(409, "conflict", detail % {"known": ", ".join(known)}, pointer=pointer)


def sent_text(data: Mapping[str, Any], name: str, pointer: str) -> str:
    """Return a member of a resource, "" if it is missing or null. Raises ApiError 422 unless it is a text."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ApiError(422, "invalid document", _("This must be a string."), pointer=pointer)
    return value


def identifiers(data: Any, *, pointer: str, kinds: Iterable[str]) -> list[str]:
    """Return the ids in a list of resource identifiers. Raises ApiError 422 or 409."""
    if not isinstance(data, list) or len(data) > MOST_IDENTIFIERS:
        raise ApiError(422, "invalid document", _("This must be a list of resource ids."), pointer=pointer)
    for one in data:
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            raise ApiError(422, "invalid document", _("Each must be an object with an id."), pointer=pointer)
        check_kind(one, kinds, pointer)
    return [one["id"] for one in data]
