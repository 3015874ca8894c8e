"""From when on an organization requires two-factor authentication, and which methods count."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ANY_METHOD, Level
from accounts.typed.characters import visible
from accounts.web.forms import Form, Words
from accounts.web.times import at_hour, zone_name
from organizations.models import Organization
from organizations.policy.schedule import LATEST, SOONEST, full_hour

METHODS = {"any": ANY_METHOD, "app": Level.APP}  # what addresses and forms say
DAYS_AHEAD, HOUR = 14, 9  # what is suggested
DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")  # as browsers send it


def methods_of(level: int) -> str:
    """Return what addresses and forms say for this level."""
    return next(name for name, value in METHODS.items() if value == level)


class DayField(forms.Field):
    """A day. What is none comes back as it was typed, which `type=date` would empty."""

    words: Words = {
        "required": gettext_lazy("Choose a date."),
        "invalid": gettext_lazy("Enter a date such as 2027-03-31: the year, the month and the day."),
    }
    default_error_messages = {"invalid": ""}

    def to_python(self, value: Any) -> date | None:
        text = "".join(visible(str(value or "")).split())
        if not text:
            return None
        match = DATE.fullmatch(text)
        try:
            if match:
                return date(*map(int, match.groups()))
        except ValueError:  # no month has that day
            pass
        self.widget.input_type = "text"
        for name in ("min", "max"):
            self.widget.attrs.pop(name, None)
        raise ValidationError(self.error_messages["invalid"], code="invalid")


class ScheduleForm(Form):
    """From when on, in the time zone of the person. Suggests the present date, or one in two weeks."""

    date = DayField(label=gettext_lazy("Date"), widget=forms.DateInput(format="%Y-%m-%d"))
    hour = forms.TypedChoiceField(
        label=gettext_lazy("Time"), coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)]
    )

    def __init__(self, organization: Organization, data: Any = None) -> None:
        now, at = timezone.now(), organization.required_from
        chosen = timezone.localtime(full_hour(at) if at and at > now else now + timedelta(days=DAYS_AHEAD))
        hour = chosen.hour if at and at > now else HOUR
        super().__init__(data, initial={"date": chosen.date(), "hour": hour})
        soonest, latest = (timezone.localtime(full_hour(now + ahead)) for ahead in (SOONEST, LATEST))
        widget = self.fields["date"].widget
        widget.input_type = "date"
        widget.attrs |= {
            "min": soonest.date().isoformat(),
            "max": latest.date().isoformat(),
            "autocomplete": "off",
        }
        self.fields["hour"].help_text = _("In your time zone, %(zone)s.") % {"zone": zone_in_words(chosen)}

    @property
    def at(self) -> datetime:
        """Return the time that a valid form chooses."""
        return at_hour(self.cleaned_data["date"], self.cleaned_data["hour"])


def zone_in_words(local: datetime) -> str:
    """Return the name of the zone, and what it is called at this time: "Europe/Berlin (CET)"."""
    name, short = timezone.get_current_timezone_name(), zone_name(local)
    key = getattr(local.tzinfo, "key", name)
    return key if key == short else f"{key} ({short})"
