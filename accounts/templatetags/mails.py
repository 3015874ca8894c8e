"""Template tags and filters for mails."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

ITEM = "- "  # begins a line of a list
# Where mail programs see the address of a site, and make a link of it: dots inside of words, and schemes.
LINK_LIKE = re.compile(r"(?<=\w)\.(?=[^\W\d_])|:(?=//)|@(?=\w)")
UNJOINED = "\u200c"  # shows nothing, and no domain has it


@register.simple_tag(takes_context=True)
def button(context: Context, label: str, page: str, *args: Any, query: str = "") -> str:
    """Return the paragraph of what the mail is for: what to do, and the address of the page for it.

    The HTML part shows it as a button. `page` is the name of a URL with its arguments, or a whole address.
    """
    url = page if "://" in page else f"{settings.SITE_URL}{reverse(page, args=args)}"
    said = f"{label}:\n{url}{query}"
    context["buttons"].append((said, label, f"{url}{query}"))
    return said


@register.simple_tag(takes_context=True)
def has_button(context: Context) -> bool:
    """Return whether the mail has its button already: it gets one only."""
    return bool(context["buttons"])


@register.filter(is_safe=True)
def unlinked(text: str) -> SafeString:
    """Escape text so that mail programs make no links of what looks like one: anybody can choose a username.

    What is copied from it still works here: accounts/typed reads names without what is invisible.
    """
    return mark_safe(LINK_LIKE.sub(rf"\g<0>{UNJOINED}", escape(text)))  # noqa: S308 - escaped


@register.filter(is_safe=True)
def with_links_to_site(text: str) -> SafeString:
    """Escape text and turn the URLs of this site, and the address of its support, into links.

    Unlike `urlize`, link no others: an attacker could choose a username that looks like their own URL.
    """
    own = rf"(?<!\S){re.escape(settings.SITE_URL)}(?:/\S*)?(?!\S)"
    if settings.SUPPORT_EMAIL:
        own += rf"|(?<!\S)(?P<support>{re.escape(settings.SUPPORT_EMAIL)})(?![^\s.,]|[.,]\S)"
    parts, end = [], 0
    for match in re.finditer(own, text):
        scheme = "mailto:" if match.groupdict().get("support") else ""
        parts += [
            unlinked(text[end : match.start()]),
            format_html('<a href="{0}{1}">{1}</a>', scheme, match[0]),
        ]
        end = match.end()
    return mark_safe("".join([*parts, unlinked(text[end:])]))  # noqa: S308 - each part is escaped above


@register.inclusion_tag("email/includes/paragraphs.html")
def paragraphs(body: str, buttons: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """Show the text of a mail: paragraphs, lists, and the button."""
    known = {said: {"label": label, "url": url} for said, label, url in buttons}
    return {"paragraphs": [known.get(text) or {"html": markup(text)} for text in body.split("\n\n")]}


def markup(paragraph: str) -> SafeString:
    return mark_safe("".join(blocks(paragraph)))  # noqa: S308 - each block is escaped


def blocks(paragraph: str) -> Iterator[SafeString]:
    """Yield the lines of a paragraph, those of lists as lists."""
    lines = [line for line in paragraph.split("\n") if line.strip()]
    for listed, group in groupby(lines, key=lambda line: line.startswith(ITEM)):
        if listed:
            items = ((with_links_to_site(line.removeprefix(ITEM)),) for line in group)
            yield format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", items))
        else:
            shown = "<br>".join(with_links_to_site(line) for line in group)
            yield format_html("<p>{}</p>", mark_safe(shown))  # noqa: S308 - escaped
