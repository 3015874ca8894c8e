"""The base of all forms: it tells every mistake in the words of the site, and where to start correcting.

Browsers check nothing by themselves here: they would tell one mistake at a time, in words of their own, and
cut what is too long without a word.
"""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.forms.boundfield import BoundField as DjangosBoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

Words = Mapping[str, str | Promise]  # what is said, by the code of the error

# For fields that have no words of their own.
WORDS: Words = {
    "required": _("Fill in this field."),
    "max_length": ngettext_lazy(
        "Use at most %(limit_value)d character. This has %(show_value)d.",
        "Use at most %(limit_value)d characters. This has %(show_value)d.",
        "limit_value",
    ),
    "null_characters_not_allowed": _(
        "This contains a character that you can't type on a keyboard. Type it again."
    ),
    "invalid_choice": _("Choose one of the options."),
    "invalid_list": _("Choose from the options."),
    "invalid": _("We can't read this. Type it again."),
}


def put_into_words(field: forms.Field) -> None:
    """Have the field say `field.words`, or else WORDS, where it would say what Django says.

    What a form has given to the field as `error_messages` stays.
    """
    own: Words = getattr(field, "words", {})
    stock: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        stock.update(getattr(kind, "default_error_messages", {}))
    messages = cast(dict[str, Any], field.error_messages)
    for code, words in {**WORDS, **own}.items():
        # "invalid" would speak for the field's validators, too, which say what exactly is wrong.
        if code == "invalid" and code not in stock and code not in own:
            continue
        if messages.get(code) is stock.get(code):
            messages[code] = words


class BoundField(DjangosBoundField):
    """A field on its page: required for screen readers, of any length, focused if it is the first mistake."""

    def get_context(self) -> dict[str, Any]:
        """Return what the template of a field shows, ready: it would be looked up several times there."""
        kind = "fieldset" if self.use_fieldset else self.widget_type
        return {
            "field": self,
            "kind": kind,
            "id": self.id_for_label,
            "label": self.label,
            "widget": str(self),
        }

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Any = None) -> dict[str, Any]:
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        form = cast(Form, self.form)
        if self.field.required and not self.is_hidden and not self.use_fieldset:
            built["aria-required"] = "true"
        if "maxlength" in self.field.widget.attrs:
            built["maxlength"] = None
        if form.focused is not None:
            built["autofocus"] = form.focused == self.name
        return built


class Form(forms.Form):
    """A form of a page."""

    use_required_attribute = False
    bound_field_class = BoundField

    def full_clean(self) -> None:
        if self.is_bound:
            for field in self.fields.values():
                put_into_words(field)
        super().full_clean()

    @property
    def focused(self) -> str | None:
        """Return the field to start at: the first with a mistake, else the first that was emptied.

        None leaves that to the fields.
        """
        if not self.is_bound or not self.errors:
            return None
        shown = [name for name, field in self.fields.items() if not field.widget.is_hidden]
        wrong = [name for name in shown if name in self.errors]
        emptied = [name for name in shown if not getattr(self.fields[name].widget, "render_value", True)]
        return next(iter([*wrong, *emptied]), None)


class RadioSelect(forms.RadioSelect):
    """Radio buttons, of which the first takes the focus that the field has."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **kwargs)
        if option["index"] != "0":
            option["attrs"].pop("autofocus", None)
        return option
