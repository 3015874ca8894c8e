"""The form for a phone number."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from accounts.exceptions import MethodPaused
from accounts.factors.sms import breaker
from accounts.factors.sms.numbers import check_textable
from accounts.typed import characters

LONGEST_NUMBER = 32
MOST_DIGITS = 18  # 15 of E.164, and a prefix for calls abroad


class TypedNumberField(PhoneNumberField):  # type: ignore[misc]  # it has no types
    """A phone number, read as people type and paste it (D44)."""

    def to_python(self, value: Any) -> Any:
        text = characters.plain(value or "")
        if characters.has_other_digits(text):
            raise ValidationError(_("Type the number with the digits 0-9."), code="digits")
        if sum(char.isdigit() for char in text) > MOST_DIGITS:
            raise ValidationError(_("That is too long for a phone number. Enter one only."), code="too-long")
        return super().to_python(text)


class PhoneNumberForm(forms.Form):
    phone_number = TypedNumberField(
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
        """Return the number in E.164, the format in which numbers are stored and counted.

        A paused destination is refused here already, where the person can choose another method.
        """
        number: Any = self.cleaned_data["phone_number"]
        try:
            breaker.check_set_up(number.as_e164)
        except MethodPaused as error:
            raise ValidationError(str(error)) from error
        return str(number.as_e164)
