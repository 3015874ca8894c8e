"""Read, check and mask phone numbers (R34)."""

import re

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

from accounts.factors.sms.countries import NOWHERE, name_of
from accounts.limits.wording import whom_to_ask

# Types of numbers that can receive texts at a normal price. Some countries' numbering plans don't
# distinguish mobile from fixed lines.
TEXTABLE = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
}
# What people dial before a country code where they live; no number of the United States begins with it.
DOUBLE_ZERO = re.compile(r"^([^\d+]*)00[\s().-]*(?=[1-9])")
LABEL = re.compile(r"^[^\d+]*")  # such as "Mobile: "; a number begins with a digit or with +


def read(text: str, region: str | None) -> PhoneNumber:
    """Return the valid number that this text is. Raises ValidationError with what is wrong or missing.

    `region` is the country of numbers without a country code; None if they must have one.
    """
    text = DOUBLE_ZERO.sub(r"\1+", text.strip())
    spelled = LABEL.sub("", text)
    try:
        number = PhoneNumber.from_string(text, region)
    except NumberParseException as error:
        raise ValidationError(why_unreadable(error, spelled), code="invalid") from error
    if number.extension:
        raise ValidationError(_("A number with an extension can't get text messages. Enter a mobile number."))
    if any(char.isalpha() for char in spelled) and ";phone-context" not in text:
        raise ValidationError(_("Enter the number in digits, without letters or words."))
    if not number.is_valid():
        raise ValidationError(why_invalid(number, spelled, region), code="invalid")
    return number


def why_unreadable(error: NumberParseException, spelled: str) -> str:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and spelled.startswith("+"):
        return _(
            "This number doesn't start with a valid country code. Enter a number such as +49 1512 3456789."
        )
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return begin_with_code()
    return _("Enter a phone number, e.g. (201) 555-0123, or +49 1512 3456789 outside the US.")


def why_invalid(number: PhoneNumber, spelled: str, region: str | None) -> str:
    """Return what is wrong with a text that has the shape of a number."""
    if number.country_code_source == phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY:
        if meant := without_plus(spelled):
            return _("Start with a plus sign. Did you mean %(number)s?") % {"number": meant}
        wrong = _("This isn't a valid %(region)s phone number.") % {"region": region}
        return f"{wrong} {begin_with_code()}"
    code = {"code": number.country_code}
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason in (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        return _("Some digits are missing. Numbers with the country code +%(code)s are longer.") % code
    if reason == ValidationResult.TOO_LONG:
        return _("There are too many digits. Numbers with the country code +%(code)s are shorter.") % code
    return _("This isn't a valid number for the country code +%(code)s. Check its digits.") % code


def begin_with_code() -> str:
    return _(
        "Start a number from another country with a plus sign and the country code, e.g. +49 1512 3456789."
    )


def without_plus(spelled: str) -> str:
    """Return the number that these digits are with a plus before them, or ""."""
    try:
        meant = PhoneNumber.from_string("+" + spelled)
    except NumberParseException:
        return ""
    return str(meant.as_international) if meant.is_valid() else ""


def check_textable(number: PhoneNumber) -> None:
    """Raise ValidationError for countries not allowed, and for types of numbers that are not TEXTABLE."""
    region = phonenumbers.region_code_for_number(number)
    if region not in settings.SMS_COUNTRIES:
        raise ValidationError(why_not_texted(region))
    if phonenumbers.number_type(number) not in TEXTABLE:
        raise ValidationError(_("That number can't receive our text messages. Enter a mobile number."))


def why_not_texted(region: str | None) -> str:
    if region is None or region == NOWHERE:
        where = _("This number doesn't belong to any country. We don't send text messages to such numbers.")
    else:
        where = _("We don't send text messages to this number's country: %(name)s.")
        where %= {"name": name_of(region)}
    other = _("Use an authenticator app instead. If you don't have one, %(ask)s.") % {"ask": whom_to_ask()}
    return f"{where} {other}"


def mask(last_digits: str) -> str:
    return f"••• ••• ••{last_digits}"


def prefix_of(number: str) -> str:
    """Return the prefix that numbers of one block share: pumping fraud uses whole blocks."""
    return number[:-4]


def country_of(number: str) -> str:
    """Return the ISO code of the number's country; its calling code if it belongs to none."""
    parsed = phonenumbers.parse(number)
    return phonenumbers.region_code_for_number(parsed) or f"+{parsed.country_code}"
