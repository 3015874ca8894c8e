"""From when on an organization requires two-factor authentication, and which methods count."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ANY_METHOD, Level
from accounts.web.forms import Form
from accounts.web.times import at_hour, zone_in_words
from organizations.forms.fields import DayField
from organizations.models import Organization
from organizations.policy.schedule import LATEST, SOONEST, full_hour

METHODS = {"any": ANY_METHOD, "app": Level.APP}  # what addresses and forms say
DAYS_AHEAD, HOUR = 14, 9  # what is suggested


def methods_of(level: int) -> str:
    """Return what addresses and forms say for this level."""
    return next(name for name, value in METHODS.items() if value == level)


class ScheduleForm(Form):
    """From when on, in the time zone of the person. Suggests the present date, or one in two weeks."""

    date = DayField(label=gettext_lazy("Date"))
    hour = forms.TypedChoiceField(
        label=gettext_lazy("Time"), coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)]
    )

    def __init__(self, organization: Organization, data: Any = None) -> None:
        now, at = timezone.now(), organization.required_from
        chosen = timezone.localtime(full_hour(at) if at and at > now else now + timedelta(days=DAYS_AHEAD))
        hour = chosen.hour if at and at > now else HOUR
        super().__init__(data, initial={"date": chosen.date(), "hour": hour})
        soonest, latest = (timezone.localtime(full_hour(now + ahead)) for ahead in (SOONEST, LATEST))
        self.fields["date"].widget.attrs |= {
            "min": soonest.date().isoformat(),
            "max": latest.date().isoformat(),
        }
        self.fields["hour"].help_text = _("In your time zone, %(zone)s.") % {"zone": zone_in_words(chosen)}

    @property
    def at(self) -> datetime:
        """Return the time that a valid form chooses."""
        return at_hour(self.cleaned_data["date"], self.cleaned_data["hour"])
