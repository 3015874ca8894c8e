"""Write the inputs of forms: Django renders three templates for each."""

from collections.abc import Mapping
from html import escape
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

# Django's templates that are `<input>` with the attributes of the widget, and nothing else.
INPUTS = frozenset(
    f"django/forms/widgets/{kind}.html"
    for kind in ("input", "text", "password", "email", "number", "tel", "search", "url", "hidden", "checkbox")
)


class Renderer(TemplatesSetting):
    """Renders forms and widgets by templates, but for inputs."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        if template_name in INPUTS:
            return input_tag(context["widget"])
        return mark_safe(super().render(template_name, context, request))  # noqa: S308 - a template's


def input_tag(widget: Mapping[str, Any]) -> SafeString:
    """Return what Django's `input.html` makes of this widget's context."""
    value = "" if widget["value"] is None else f' value="{escaped(str(widget["value"]))}"'
    name = escaped(widget["name"])
    return mark_safe(f'<input type="{widget["type"]}" name="{name}"{value}{attributes(widget["attrs"])}>')  # noqa: S308 - escaped


def attributes(attrs: Mapping[str, Any]) -> SafeString:
    """Return attributes with a blank before each, in the order of Django's `flatatt`: the flags come last.

    None and False leave an attribute out; True makes it a flag.
    """
    shown = sorted((name, value) for name, value in attrs.items() if not isinstance(value, bool | None))
    flags = sorted(name for name, value in attrs.items() if value is True)
    texts = [f' {name}="{escaped(value)}"' for name, value in shown] + [f" {name}" for name in flags]
    return mark_safe("".join(texts))  # noqa: S308 - values are escaped, and names are ours


def escaped(value: Any) -> str:
    """Return a value as text for HTML, escaped unless it is marked as safe."""
    if isinstance(value, Promise):
        value = str(value)
    return value if isinstance(value, SafeString) else escape(str(value))
