"""The form that limits how long members stay signed in."""

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.web.durations import minutes_in_words
from accounts.web.forms import Form, Words
from organizations.models import LONGEST_SESSION, SHORTEST_SESSION, Organization

MINUTES = {"shortest": SHORTEST_SESSION, "longest": LONGEST_SESSION}
RANGE = format_lazy(
    _(
        "From {shortest} minutes ({hours}) to {longest} minutes ({days}). If you leave it blank, it is "
        "{longest} minutes."
    ),
    hours=lazy(minutes_in_words, str)(SHORTEST_SESSION),
    days=lazy(minutes_in_words, str)(LONGEST_SESSION),
    **MINUTES,
)
OUT_OF_RANGE = format_lazy(_("Enter a whole number of minutes from {shortest} to {longest}."), **MINUTES)


class MinutesField(forms.IntegerField):
    """Minutes that an owner may choose, or nothing. Help and mistakes say the range.

    What is no number comes back as it was typed, which `type=number` would empty.
    """

    words: Words = dict.fromkeys(("invalid", "min_value", "max_value"), OUT_OF_RANGE)

    def __init__(self, *, help_text: Any, **kwargs: Any) -> None:
        attrs = {"placeholder": LONGEST_SESSION, "inputmode": "numeric", "autocomplete": "off"}
        super().__init__(
            required=False,
            min_value=SHORTEST_SESSION,
            max_value=LONGEST_SESSION,
            widget=forms.TextInput(attrs=attrs),
            help_text=format_lazy("{} {}", help_text, RANGE),
            **kwargs,
        )


class UseDefaultField(forms.BooleanField):
    """Stands for an empty MinutesField, whose id is `field_id`. JavaScript disables that field."""

    def __init__(self, field_id: str) -> None:
        attrs = {"data-disables": field_id, "aria-describedby": f"{field_id}_helptext"}
        widget = forms.CheckboxInput(attrs=attrs)
        super().__init__(label=_("Use default"), required=False, widget=widget)


class UserSessionsForm(Form):
    """How long members stay signed in, in minutes; None is the default."""

    session_timeout = MinutesField(
        label=_("Timeout in"),
        help_text=_("How long members stay signed in without doing anything."),
    )
    session_timeout_default = UseDefaultField("id_session_timeout")
    session_remember = MinutesField(
        label=_("Remember for"),
        help_text=_(
            "The longest that members can stay signed in, whatever they do. Remembered browsers need a "
            "code again after the same time."
        ),
    )
    session_remember_default = UseDefaultField("id_session_remember")

    def __init__(self, organization: Organization, data: Any = None) -> None:
        self.stored = {
            "session_timeout": organization.session_timeout,
            "session_remember": organization.session_remember,
        }
        defaults = {f"{name}_default": minutes is None for name, minutes in self.stored.items()}
        super().__init__(data, initial=self.stored | defaults)

    def clean(self) -> dict[str, Any]:
        for name, stored in self.stored.items():
            if not self.cleaned_data[f"{name}_default"]:
                continue
            # Without JavaScript, a number can be typed while the box is still ticked, which is ambiguous.
            if self.cleaned_data.get(name) not in (None, stored):
                self.add_error(name, _("Untick “Use default” to set a number of minutes."))
            self.cleaned_data[name] = None
        return self.cleaned_data
