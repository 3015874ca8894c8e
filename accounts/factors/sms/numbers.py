"""Parse, check and mask phone numbers (R34)."""

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import PhoneNumberType

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


def mask(last_digits: str) -> str:
    return f"••• ••• ••{last_digits}"


def prefix_of(number: str) -> str:
    """Return the prefix that numbers of one block share: pumping fraud uses whole blocks."""
    return number[:-4]


def country_of(number: str) -> str:
    """Return the ISO code of the number's country; its calling code if it belongs to none."""
    parsed = phonenumbers.parse(number)
    return phonenumbers.region_code_for_number(parsed) or f"+{parsed.country_code}"
