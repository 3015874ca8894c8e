"""The shape of what people type. No side effects: whether it is right, a verb says."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from accounts.audit import printable
from accounts.factors.base import Factor
from accounts.models import DESCRIPTION_LENGTH, USERNAME_LENGTH, validate_username
from accounts.users.validators import validate_address
from accounts.web.durations import in_words

LONGEST_LOGIN = 254
LONGEST_PASSWORD = 1024
LONGEST_ANSWER = 64  # what the field takes; more is sent only by who goes round it


class CurrentPasswordField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
        super().__init__(max_length=LONGEST_PASSWORD, strip=False, widget=widget, **kwargs)


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("Username or email"),
        max_length=LONGEST_LOGIN,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autofocus": True,
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    password = CurrentPasswordField(label=_("Password"))


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


class CodeForm(forms.Form):
    """A six-digit code. Spaces and hyphens are the factor's business, so pasting just works."""

    code = AnswerField(
        label=_("Authentication code"),
        attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "none"},
    )


class RecoveryCodeForm(forms.Form):
    code = AnswerField(
        label=_("Recovery code"), attrs={"autocomplete": "off", "autocapitalize": "characters"}
    )


class RememberForm(forms.Form):
    remember = forms.BooleanField(required=False)

    def offer(self, lifetime: timedelta) -> None:
        """Say how long this browser would be remembered."""
        self.fields["remember"].label = _("Remember this device for %(time)s") % {"time": in_words(lifetime)}


class LoginCodeForm(RememberForm, CodeForm):
    pass


class LoginRecoveryCodeForm(RememberForm, RecoveryCodeForm):
    pass


class PasswordForm(forms.Form):
    password = CurrentPasswordField(label=_("Password"))


class MethodForm(forms.Form):
    """Which primary factor to set up, and what each of them has to know first.

    Details of a factor that was not chosen are optional: given, they set that factor up as well (D26).
    """

    method = forms.ChoiceField(
        label=_("Method"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how you want to receive codes.")},
    )

    def __init__(self, data: QueryDict | None = None, *, offered: Sequence[Factor]) -> None:
        super().__init__(data)
        self.offered = {factor.slug: factor for factor in offered}
        self.details: dict[str, dict[str, Any]] = {}
        choices = [(factor.slug, factor.choice_label or factor.label) for factor in offered]
        self.fields["method"].choices = choices  # type: ignore[attr-defined]
        for factor in offered:
            for name, asked in (factor.details_form().fields if factor.details_form else {}).items():
                self.fields[name] = forms.CharField(
                    label=asked.label, help_text=asked.help_text, widget=asked.widget, required=False
                )

    def clean(self) -> dict[str, Any]:
        """Let each factor check its own details, if it was chosen or told any."""
        for factor in self.offered.values():
            if factor.details_form is None:
                continue
            form = factor.details_form(self.data)
            told = any(self.cleaned_data.get(name) for name in form.fields)
            if not told and factor.slug != self.cleaned_data.get("method"):
                continue
            if form.is_valid():
                self.details[factor.slug] = form.cleaned_data
            for name, errors in form.errors.items():
                self.add_error(name, errors)
        return self.cleaned_data

    @property
    def chosen(self) -> Factor:
        return self.offered[self.cleaned_data["method"]]

    @property
    def also(self) -> Factor | None:
        """Another factor whose details were given."""
        others = (slug for slug in self.details if slug != self.chosen.slug)
        return self.offered.get(next(others, ""))


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


class SignUpForm(forms.Form):
    username = forms.CharField(
        label=_("Username"),
        max_length=USERNAME_LENGTH,
        validators=[validate_username],
        help_text=_("Letters, digits, hyphens, underscores and dots. It can't be changed later."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autofocus": True,
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    email = AddressField()
    password = NewPasswordField(label=_("Password"))


class AddressForm(forms.Form):
    email = AddressField()


class NewPasswordForm(forms.Form):
    new_password = NewPasswordField(label=_("New password"))


class ChangePasswordForm(forms.Form):
    password = CurrentPasswordField(label=_("Current password"))
    new_password = NewPasswordField(label=_("New password"))


class ReasonForm(forms.Form):
    """Why an administrator does it: recorded, and told to the person whom it concerns."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class RightsForm(forms.Form):
    is_staff = forms.BooleanField(label=_("Staff"), required=False)
    is_superuser = forms.BooleanField(label=_("Superuser"), required=False)


NEVER = "never"
LIFETIMES = {"30": _("30 days"), "90": _("90 days"), "365": _("1 year")}  # by days


class DescriptionField(forms.CharField):
    """One line of text, which lists and mails can show as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Description"), max_length=DESCRIPTION_LENGTH, **kwargs)

    def to_python(self, value: Any) -> str:
        return printable(" ".join((super().to_python(value) or "").split()))


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


class ExpiryForm(forms.Form):
    expires = ExpiryField()


class TokenForm(forms.Form):
    description = DescriptionField(
        help_text=_("What it is for, so that you can tell later whether it is still needed."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    expires = ExpiryField()
