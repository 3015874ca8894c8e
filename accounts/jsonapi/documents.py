"""Build resources, documents and responses."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from django.http import HttpResponse

from accounts.jsonapi.errors import ApiError

API = "/api/v2"
MEDIA_TYPE = "application/vnd.api+json"
MEDIA_TYPES = (MEDIA_TYPE, "application/json")

Resource: TypeAlias = dict[str, Any]
Attributes: TypeAlias = Mapping[str, Any]


def respond(content: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(body, status=status, content_type=MEDIA_TYPE, headers=dict(headers or {}))


def no_content() -> HttpResponse:
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


def respond_errors(*errors: ApiError) -> HttpResponse:
    """Return a response with the errors; status and headers are those of the first."""
    return respond(
        {"errors": [error.object for error in errors]}, errors[0].status, headers=errors[0].headers
    )


def resource(
    kind: str,
    public_id: str,
    attributes: Attributes,
    *,
    relationships: Mapping[str, Any] | None = None,
    links: Mapping[str, str] | None = None,
) -> Resource:
    built: Resource = {"id": public_id, "type": kind, "attributes": dict(attributes)}
    if relationships:
        built["relationships"] = dict(relationships)
    if links:
        built["links"] = dict(links)
    return built


def to_one(kind: str, public_id: str | None) -> dict[str, Any]:
    return {"data": None if public_id is None else {"id": public_id, "type": kind}}


def to_many(kind: str, public_ids: Iterable[str]) -> dict[str, Any]:
    return {"data": [{"id": public_id, "type": kind} for public_id in public_ids]}


def document(
    data: Resource | list[Resource] | None,
    *,
    included: Iterable[Resource] = (),
    **others: Any,
) -> dict[str, Any]:
    """Return a top-level document with each included resource once. `others` are meta and links."""
    built: dict[str, Any] = {"data": data, **{name: value for name, value in others.items() if value}}
    if once := {(one["type"], one["id"]): one for one in included}:
        built["included"] = list(once.values())
    return built
