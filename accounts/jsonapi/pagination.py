"""Paginate lists in the API: page[number], page[size] and links, as in Terraform Cloud."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.jsonapi.addresses import public_origin
from accounts.jsonapi.errors import invalid_parameter

DEFAULT_SIZE = 20
LARGEST_SIZE = 100
LAST_NUMBER = 10**9

Row = TypeVar("Row")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class PageRequest:
    """The requested page. `asked` is False if neither number nor size was sent."""

    number: int = 1
    size: int = DEFAULT_SIZE
    asked: bool = False
    after: str = ""  # the cursor in `links.next`: faster than an offset for pages far from the first

    @classmethod
    def of(cls, request: HttpRequest) -> "PageRequest":
        number = whole(request, "page[number]", 1)
        size = min(whole(request, "page[size]", DEFAULT_SIZE), LARGEST_SIZE)
        asked = "page[number]" in request.GET or "page[size]" in request.GET
        return cls(number, size, asked, request.GET.get("page[after]", ""))

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


def whole(request: HttpRequest, name: str, default: int) -> int:
    texts = [text for text in request.GET.getlist(name) if text]
    if not texts:
        return default
    text = texts[0] if len(texts) == 1 else ""  # refuse repeated parameters
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= LAST_NUMBER):
        raise invalid_parameter(name, _("This must be 1 or more."))
    return int(text)


@overload
def paginate(
    request: HttpRequest, rows: QuerySet[M], *, always: bool = ...
) -> tuple[list[M], dict[str, Any]]: ...


@overload
def paginate(
    request: HttpRequest, rows: Sequence[Row], *, always: bool = ...
) -> tuple[list[Row], dict[str, Any]]: ...


def paginate(
    request: HttpRequest, rows: Sequence[Any] | QuerySet[Any], *, always: bool = False
) -> tuple[list[Any], dict[str, Any]]:
    """Return the rows of the requested page, and its `links` and `meta`.

    Without a requested page return all rows without links and meta, if there are not more than LARGEST_SIZE;
    else, and with `always`, the first page. Of a queryset, no more rows are read than are returned.
    """
    page = PageRequest.of(request)
    if not (page.asked or always):
        everything = list(rows[: LARGEST_SIZE + 1])
        if len(everything) <= LARGEST_SIZE:
            return everything, {}
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    return list(rows[page.offset : page.offset + page.size]), pagination(request, page, total)


def pagination(request: HttpRequest, page: PageRequest, total: int, *, after: str = "") -> dict[str, Any]:
    """Return `links` and `meta` of a page. `total` counts all rows, `after` is the cursor of its last row."""
    last = max(1, -(-total // page.size))
    following = page.number + 1 if page.number < last else None
    former = min(page.number - 1, last) if page.number > 1 else None

    def link(number: int | None, **cursor: str) -> str | None:
        if number is None:
            return None
        query = {name: value for name, value in request.GET.items() if name != "page[after]"}
        query |= {"page[number]": str(number), "page[size]": str(page.size), **cursor}
        return f"{public_origin(request, request.scheme or 'http')}{request.path}?{urlencode(query)}"

    return {
        "links": {
            "self": link(page.number, **({"page[after]": page.after} if page.after else {})),
            "first": link(1),
            "prev": link(former),
            "next": link(following, **({"page[after]": after} if after else {})),
            "last": link(last),
        },
        "meta": {
            "pagination": {
                "current-page": page.number,
                "page-size": page.size,
                "prev-page": former,
                "next-page": following,
                "total-pages": last,
                "total-count": total,
            }
        },
    }
