"""The form for a phone number."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from accounts.exceptions import MethodPaused
from accounts.factors.sms import breaker
from accounts.factors.sms.numbers import check_textable, read
from accounts.typed import characters
from accounts.web.forms import Form

LONGEST_NUMBER = 32
MOST_DIGITS = 18  # 15 of E.164, and a prefix for calls abroad


class NumberField(PhoneNumberField):  # type: ignore[misc]  # the library has no types
    """A phone number, read as people type and paste it (D44). Its errors say what is missing."""

    def to_python(self, value: Any) -> Any:
        text = characters.plain(value if isinstance(value, str) else "").strip()
        if characters.has_other_digits(text):
            raise ValidationError(_("Use only the digits 0-9."), code="digits")
        if sum(char.isdigit() for char in text) > MOST_DIGITS:
            raise ValidationError(_("That is too long for a phone number. Enter only one."), code="too-long")
        return read(text, self.region) if text else self.empty_value


class PhoneNumberForm(Form):
    phone_number = NumberField(
        label=_("Phone number"),
        region="US",
        max_length=LONGEST_NUMBER,
        help_text=_("If it isn't a US number, start with the country code (e.g. +49)."),
        error_messages={
            "required": _("Enter the phone number that should receive the codes."),
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
