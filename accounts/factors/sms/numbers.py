"""Parse, check and mask phone numbers (R34)."""

from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import PhoneNumberType

LONGEST_NUMBER = 32
# Types of numbers that can receive texts at a normal price. Some countries' numbering plans don't
# distinguish mobile from fixed lines.
TEXTABLE = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
}


def check_textable(number: PhoneNumber) -> None:
    """Raise ValidationError for types of numbers that are not TEXTABLE and for countries not allowed."""
    if not number.is_valid():  # the field itself reports it
        return
    if phonenumbers.number_type(number) not in TEXTABLE:
        raise ValidationError(_("That number can't receive our text messages. Enter a mobile number."))
    if phonenumbers.region_code_for_number(number) not in settings.SMS_COUNTRIES:
        raise ValidationError(_("We don't send text messages to that country. Use an application instead."))


class PhoneNumberForm(forms.Form):
    phone_number = PhoneNumberField(
        label=_("Phone number"),
        region="US",
        max_length=LONGEST_NUMBER,
        help_text=_("If it is not a US number, begin with the country code (e.g. +49)."),
        error_messages={
            "required": _("Enter the phone number that is to receive the codes."),
            "invalid": _("Enter a phone number, e.g. (201) 555-0123, or +49 1512 3456789 outside the US."),
        },
        validators=[check_textable],
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "placeholder": "(123) 456-7890"}),
    )

    def clean_phone_number(self) -> str:
        """Return the number in E.164, the format in which numbers are stored and counted."""
        number: Any = self.cleaned_data["phone_number"]
        return str(number.as_e164)


def mask(last_digits: str) -> str:
    return f"••• ••• ••{last_digits}"


def prefix_of(number: str) -> str:
    """Return the prefix that numbers of one block share: pumping fraud uses whole blocks."""
    return number[:-4]
