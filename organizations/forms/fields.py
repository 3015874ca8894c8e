"""Fields that several forms about organizations share."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.exceptions import RuleViolation
from accounts.fields import AddressField
from accounts.fields import NameField as TypedName
from accounts.typed.characters import visible
from accounts.web.forms import Words
from organizations.models import NAME_LENGTH
from organizations.names import check_name

LONGEST_ADDRESS = 254
PLAIN_TEXT = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")  # as browsers send it


class ContactField(AddressField):
    """Where people can reach an organization."""


class NameField(TypedName):
    """The name of a new organization."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=NAME_LENGTH, **kwargs)

    def validate(self, value: str) -> None:
        super().validate(value)
        try:
            check_name(value)
        except RuleViolation as error:
            raise ValidationError(str(error), code=error.code) from error


class DayField(forms.Field):
    """A day. What is none comes back as it was typed, which `type=date` would empty."""

    words: Words = {
        "required": _("Choose a date."),
        "invalid": _("Enter a date such as 2027-03-31."),
    }
    default_error_messages = {"invalid": ""}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(format="%Y-%m-%d", attrs={"autocomplete": "off"}), **kwargs)
        self.widget.input_type = "date"

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
