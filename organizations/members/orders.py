"""The orders that lists of members are read in: by name, and by the date of joining."""

import re
from urllib.parse import urlencode

from accounts.web.keyset import Order, by_time

BY_NAME = Order("username_key", re.compile(r"([a-z0-9._-]{0,40}),([0-9]{1,18})"), text=str, value=str)
BY_JOINING = by_time("joined_at")
ORDERS = {"name": BY_NAME, "-name": BY_NAME.reverse, "joined": BY_JOINING, "-joined": BY_JOINING.reverse}
DEFAULT_SORT = "name"


def sort_links(path: str, query: dict[str, str], sort: str) -> dict[str, str]:
    """Return the URLs that sort by name and by date joined, newest first. The present order is reversed."""
    others = {"name": "-name", "-joined": "joined"}
    return {
        column: f"{path}?{urlencode({**query, 'sort': others.get(sort, first) if sort == first else first})}"
        for column, first in {"name": "name", "joined": "-joined"}.items()
    }
