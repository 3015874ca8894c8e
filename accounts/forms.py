"""Forms of the pages. They check the format of the input only and have no side effects; verbs do the rest."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.factors.base import Factor
from accounts.fields import (
    LONGEST_LOGIN,
    AddressField,
    AnswerField,
    CurrentPasswordField,
    DescriptionField,
    ExpiryField,
    FixedAddressField,
    LoginField,
    NameField,
    NewPasswordField,
)
from accounts.models import DESCRIPTION_LENGTH, USERNAME_LENGTH, validate_username
from accounts.typed import zones
from accounts.web.durations import in_words
from accounts.web.forms import Form, RadioSelect


class SignInForm(Form):
    username = LoginField(
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


class CodeForm(Form):
    """A six-digit code. The factor reads it, so that pasted ones work, and counts what is none."""

    code = AnswerField(
        label=_("Authentication code"),
        attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "none"},
    )

    def below_what_is_read_first(self) -> None:
        """Give the field the focus without scrolling to it. Only a script can do that."""
        attrs = self.fields["code"].widget.attrs
        attrs["data-focus"] = attrs.pop("autofocus")


class RecoveryCodeForm(Form):
    code = AnswerField(
        label=_("Recovery code"), attrs={"autocomplete": "off", "autocapitalize": "characters"}
    )


class RememberForm(Form):
    remember = forms.BooleanField(required=False)

    def offer(self, lifetime: timedelta) -> None:
        """Set the label, which says how long this browser would be remembered."""
        self.fields["remember"].label = _("Remember this device for %(time)s") % {"time": in_words(lifetime)}


class LoginCodeForm(RememberForm, CodeForm):
    pass


class LoginRecoveryCodeForm(RememberForm, RecoveryCodeForm):
    pass


class PasswordForm(Form):
    password = CurrentPasswordField(label=_("Password"))


class MethodForm(Form):
    """The choice of a primary factor to set up, with the fields of every factor's details form.

    The details of factors that were not chosen are optional; if given, that factor is set up as well (D26).
    """

    method = forms.ChoiceField(
        label=_("How do you want to get your codes?"),
        widget=RadioSelect,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), _("Choose how you want to receive codes.")
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, offered: Sequence[Factor]) -> None:
        super().__init__(data)
        self.offered = {factor.slug: factor for factor in offered}
        self.details: dict[str, dict[str, Any]] = {}
        choices = [(factor.slug, factor.choice_label or factor.label) for factor in offered]
        self.fields["method"].choices = choices  # type: ignore[attr-defined]
        self.fields["method"].initial = offered[0].slug if offered else ""
        optional = len(offered) > 1
        for factor in offered:
            for name, asked in (factor.details_form().fields if factor.details_form else {}).items():
                label = _("%(field)s (optional with an authenticator app)") if optional else "%(field)s"
                self.fields[name] = forms.CharField(
                    label=label % {"field": asked.label},
                    help_text=asked.help_text,
                    widget=asked.widget,
                    required=False,
                )

    def clean(self) -> dict[str, Any]:
        """Validate the details of each factor that was chosen or has any details."""
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
        """Return the first other factor whose details were given, or None."""
        others = (slug for slug in self.details if slug != self.chosen.slug)
        return self.offered.get(next(others, ""))


class SignUpForm(Form):
    username = NameField(
        label=_("Username"),
        max_length=USERNAME_LENGTH,
        validators=[validate_username],
        error_messages={"required": _("Enter a username.")},
        help_text=format_lazy(
            _("1 to {most} letters (A-Z), digits, hyphens, underscores and dots. You can't change it later."),
            most=USERNAME_LENGTH,
        ),
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

    def __init__(self, data: QueryDict | None = None, *, address: str = "") -> None:
        """Show `address` unchangeably, if there is one: that of an invitation."""
        super().__init__(data)
        if address:
            self.fields["email"] = FixedAddressField(address)


class AddressForm(Form):
    email = AddressField()


class TimeZoneForm(Form):
    """The choice of a time zone. A zone that was stored and is not offered any more stays a choice."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        error_messages={"invalid_choice": _("Choose a time zone from the list.")},
    )

    def __init__(self, data: QueryDict | None = None, *, stored: str) -> None:
        super().__init__(data, initial={"time_zone": stored})
        site = _("The time zone of this site (%(name)s)") % {"name": settings.TIME_ZONE}
        kept = [(stored, stored)] if stored and stored not in zones.names() else []
        self.fields["time_zone"].choices = [("", site), *kept, *zones.by_region()]  # type: ignore[attr-defined]


class NewPasswordForm(Form):
    new_password = NewPasswordField(
        label=_("New password"), error_messages={"required": _("Enter a new password.")}
    )


class ChangePasswordForm(Form):
    password = CurrentPasswordField(
        label=_("Current password"), error_messages={"required": _("Enter your current password.")}
    )
    new_password = NewPasswordField(
        label=_("New password"), error_messages={"required": _("Enter a new password.")}
    )


class ExpiryForm(Form):
    expires = ExpiryField()


class TokenForm(Form):
    description = DescriptionField(
        help_text=format_lazy(_("What it is for, in up to {most} characters."), most=DESCRIPTION_LENGTH),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    expires = ExpiryField()
