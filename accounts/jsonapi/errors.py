"""Exceptions that become error objects."""

from collections.abc import Mapping
from typing import Any

# Default titles by status, those of Terraform Cloud where it has any.
TITLES = {
    400: "bad request",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    405: "method not allowed",
    413: "request too large",
    415: "unsupported media type",
    429: "Too many requests",
    500: "internal server error",
    503: "service unavailable",
}


class ApiError(Exception):
    """One error object and the status of the response. `pointer` or `parameter` names the wrong input."""

    def __init__(
        self,
        status: int,
        title: str = "",
        detail: str = "",
        *,
        pointer: str = "",
        parameter: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        title = title or TITLES.get(status, "error")
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.headers = dict(headers or {})
        # A string, because the terraform CLI drops title and detail if it is a number.
        self.object: dict[str, Any] = {"status": str(status), "title": title}
        if detail:
            self.object["detail"] = detail
        if pointer:
            self.object["source"] = {"pointer": pointer}
        elif parameter:
            self.object["source"] = {"parameter": parameter}


def invalid_attribute(name: str, detail: str) -> ApiError:
    """Return the 422 for one attribute, with the title that Terraform Cloud uses."""
    return ApiError(422, "invalid attribute", detail, pointer=f"/data/attributes/{name}")


def invalid_parameter(name: str, detail: str = "") -> ApiError:
    """Return the 400 for one query parameter."""
    return ApiError(400, "invalid parameter", detail, parameter=name)


def malformed(detail: str) -> ApiError:
    return ApiError(400, detail=detail)


class InvalidDocument(ApiError):
    """Several errors at once."""

    def __init__(self, errors: list[ApiError]) -> None:
        super().__init__(errors[0].status, "invalid document")
        self.errors = errors
