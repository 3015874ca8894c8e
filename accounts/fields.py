"""Form fields that pages and the API share."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from accounts.audit import strip_control_characters
from accounts.models import DESCRIPTION_LENGTH
from accounts.users.validators import validate_address

LONGEST_LOGIN = 254
LONGEST_PASSWORD = 1024
LONGEST_ANSWER = 64  # what the field takes; more is sent only by who goes round it


class CurrentPasswordField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
        super().__init__(max_length=LONGEST_PASSWORD, strip=False, widget=widget, **kwargs)


class AnswerInput(forms.PasswordInput):
    """Shows what is typed, and never again what was sent: a code that was refused may still be good (R39)."""

    input_type = "text"


class AnswerField(forms.Field):
    """Takes whatever was sent: an answer of the wrong shape is a wrong answer, and counted as one (R15)."""

    def __init__(self, *, attrs: dict[str, str], **kwargs: Any) -> None:
        shown = {"required": True, "maxlength": LONGEST_ANSWER, "autofocus": True, "spellcheck": "false"}
        super().__init__(required=False, widget=AnswerInput(attrs={**shown, **attrs}), **kwargs)

    def to_python(self, value: Any) -> str:
        return value or ""


class AddressField(forms.EmailField):
    default_validators = [validate_address]

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
        widget = forms.EmailInput(attrs=attrs)
        super().__init__(label=_("Email address"), max_length=LONGEST_LOGIN, widget=widget, **kwargs)


class NewPasswordField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=LONGEST_PASSWORD,
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            help_text=_("At least 15 characters. A few words that only you would put together are best."),
            **kwargs,
        )


NEVER = "never"
LIFETIMES = {"30": _("30 days"), "90": _("90 days"), "365": _("1 year")}  # by days


class DescriptionField(forms.CharField):
    """One line of text, which lists and mails can show as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Description"), max_length=DESCRIPTION_LENGTH, **kwargs)

    def to_python(self, value: Any) -> str:
        return strip_control_characters(" ".join((super().to_python(value) or "").split()))


def lifetime_choices() -> list[tuple[str, str]]:
    now, style = timezone.now(), pgettext("date format", "j M Y")
    return [
        *(
            (days, f"{label} ({date_format(now + timedelta(days=int(days)), style)})")
            for days, label in LIFETIMES.items()
        ),
        (NEVER, str(_("No expiration"))),
    ]


class ExpiryField(forms.ChoiceField):
    """How long a token is good. The answer is when it ends, or None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Expires"), choices=lifetime_choices, initial="90", **kwargs)

    def clean(self, value: Any) -> datetime | None:
        chosen = super().clean(value)
        return None if chosen == NEVER else timezone.now() + timedelta(days=int(chosen))
