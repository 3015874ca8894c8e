"""Page through a list of any length at constant cost: a page begins after a row, not after n rows."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import QueryDict

from organizations.models import Membership, MembershipQuerySet

PAGE_SIZE = 20
CURSOR = re.compile(r"([a-z0-9._-]{0,40}),([0-9]{1,18})")


@dataclass(frozen=True)
class KeysetPage:
    """The rows of a page, and the cursors of the previous and the next page, or ""."""

    rows: list[Membership]
    before: str = ""
    after: str = ""


def keyset_page(rows: MembershipQuerySet, query: QueryDict) -> KeysetPage:
    """Return the page, in order of name, that `after` or `before` in the query selects. Raises BadRequest."""
    if cursor := query.get("before"):
        return page_before(rows, cursor)
    start = query.get("after")
    if start:
        rows = rows_after(rows, *parse(start))
    found = list(rows.order_by("username_key", "pk")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return KeysetPage(
        shown,
        before=cursor_of(shown[0]) if start and shown else "",
        after=cursor_of(shown[-1]) if len(found) > PAGE_SIZE else "",
    )


def rows_after(rows: MembershipQuerySet, name: str, pk: int) -> MembershipQuerySet:
    # The last condition lets the index seek; a plain OR would scan it from its beginning.
    return rows.filter(Q(username_key__gt=name) | Q(username_key=name, pk__gt=pk), username_key__gte=name)


def page_before(rows: MembershipQuerySet, cursor: str) -> KeysetPage:
    name, pk = parse(cursor)
    rows = rows.filter(Q(username_key__lt=name) | Q(username_key=name, pk__lt=pk), username_key__lte=name)
    found = list(rows.order_by("-username_key", "-pk")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE][::-1]
    return KeysetPage(
        shown,
        before=cursor_of(shown[0]) if len(found) > PAGE_SIZE else "",
        after=cursor_of(shown[-1]) if shown else "",
    )


def cursor_of(row: Membership) -> str:
    return f"{row.username_key},{row.pk}"


def parse(cursor: str) -> tuple[str, int]:
    match = CURSOR.fullmatch(cursor)
    if match is None:
        raise BadRequest("malformed cursor")
    return match[1], int(match[2])


def page_links(page: KeysetPage, path: str, **query: str) -> dict[str, str]:
    """Return the URLs of the previous and the next page, as includes/pagination.html takes them."""
    links = {}
    if page.before:
        links["previous_url"] = f"{path}?{urlencode({**query, 'before': page.before})}"
    if page.after:
        links["next_url"] = f"{path}?{urlencode({**query, 'after': page.after})}"
    return links
