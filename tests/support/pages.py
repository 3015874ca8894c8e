"""Read what a page says."""

import re
from html import unescape


def words_of(response):
    """Return the words of a page, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def secret_on(response):
    """Return the new API token that a page shows."""
    [secret] = re.findall(r'id="token">([^<]+)<', response.content.decode())
    return secret
