"""Template tags and filters for the layouts."""

from urllib.parse import quote

from django import template
from django.template import Context
from django.template.base import NodeList
from django.template.loader_tags import BlockNode

from accounts.web.inputs import attributes

register = template.Library()

# Renders the attributes of a widget in one call; Django's own template loops over them.
register.filter(attributes)


@register.filter
def mailto(address: str) -> str:
    """Return the URL that writes to this address: `?` and `&`, which it may have, begin fields in a URL."""
    name, _at, domain = address.rpartition("@")
    return f"mailto:{quote(name, safe='')}@{quote(domain, safe='')}"


@register.simple_tag(takes_context=True)
def again(context: Context, name: str) -> str:
    """Render a block a second time, so that a page writes its title once."""
    return BlockNode(name, NodeList()).render(context)
