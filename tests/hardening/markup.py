"""Markup that people type, and how to see that it became more than text."""

import re

MARKUP = "'\"><svg/onload=alert(1)><img src=x onerror=alert(1)>{{7*11111}}{% now 'Y' %}${7*11111}%(who)s"
# It needs no blank, so that an address in quotes may hold it.
ADDRESS = '"<svg/onload=alert(1)>{{7*11111}}"@example.com'


def came_alive(page):
    """The elements and attributes of the above that a browser would see, and results of templates."""
    return re.findall(r"<svg/onload[^>]*>|<img[^>]*onerror[^>]*>|77777", page)
