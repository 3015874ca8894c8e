"""Template filters for mails."""

import re

from django import template
from django.conf import settings
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter(is_safe=True)
def with_links_to_site(text: str) -> SafeString:
    """Escape text and turn the URLs of this site into links.

    Unlike `urlize`, link no other URLs: an attacker could choose a username that looks like their own URL.
    """
    own = re.compile(rf"(?<!\S){re.escape(settings.SITE_URL)}(?:/\S*)?(?!\S)")
    parts, end = [], 0
    for match in own.finditer(text):
        parts += [escape(text[end : match.start()]), format_html('<a href="{0}">{0}</a>', match[0])]
        end = match.end()
    return mark_safe("".join([*parts, escape(text[end:])]))  # noqa: S308 - each part is escaped above
