"""The forms that narrow and export the audit trail of an organization."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from accounts.fields import LoginField
from accounts.web.forms import Form
from organizations.events import Event
from organizations.forms.fields import LONGEST_ADDRESS, PLAIN_TEXT, DayField
from organizations.trail.exporting import Format
from organizations.trail.reading import Filters

# Beyond these, a day has no begin in some zones. No event is as old.
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
OUT_OF_RANGE = _("Enter a date between 2000 and 2999.")
IN_RANGE = [
    MinValueValidator(EARLIEST, message=OUT_OF_RANGE),
    MaxValueValidator(LATEST, message=OUT_OF_RANGE),
]


class TrailForm(Form):
    """Filters of the audit trail. Sent by GET."""

    person = LoginField(
        label=_("Person"),
        max_length=LONGEST_ADDRESS,
        required=False,
        widget=forms.TextInput(attrs=PLAIN_TEXT | {"placeholder": _("Username or email")}),
    )
    kind = forms.ChoiceField(
        label=_("What happened"), choices=[("", _("Everything")), *Event.choices], required=False
    )
    since = DayField(label=_("From"), required=False, validators=IN_RANGE)
    until = DayField(label=_("To"), required=False, validators=IN_RANGE)

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = chosen.get("since"), chosen.get("until")
        if since and until and since > until:
            self.add_error("until", _("Choose a day that isn't before “From”."))
        return chosen

    @property
    def filters(self) -> Filters:
        """Return the filters of a valid form."""
        return Filters(**{name: self.cleaned_data[name] for name in TrailForm.base_fields})


class ExportForm(TrailForm):
    format = forms.ChoiceField(choices=Format.choices)
