"""The shape of what people type. No side effects: whether it is right, a verb says."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import factors

LONGEST_LOGIN = 254
LONGEST_PASSWORD = 1024
LONGEST_ANSWER = 64


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
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """A six-digit code. Spaces and hyphens are the factor's business, so pasting just works."""

    code = forms.CharField(
        label=_("Authentication code"),
        max_length=LONGEST_ANSWER,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "autofocus": True,
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )


class RecoveryCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Recovery code"),
        max_length=LONGEST_ANSWER,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autofocus": True,
                "autocapitalize": "characters",
                "spellcheck": "false",
            }
        ),
    )


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class MethodForm(forms.Form):
    """Which primary factor to set up."""

    method = forms.ChoiceField(
        label=_("Method"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how you want to receive codes.")},
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [(factor.slug, factor.label) for factor in factors.primary()]
        self.fields["method"].choices = choices  # type: ignore[attr-defined]
