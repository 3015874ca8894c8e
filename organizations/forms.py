"""The shape of what owners type. No side effects: whether it may be done, a verb says."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.exceptions import RuleViolation
from accounts.models import USERNAME_LENGTH
from accounts.validators import validate_address
from organizations.models import NAME_LENGTH, Membership, Organization
from organizations.names import check_name

LONGEST_ADDRESS = 254
PLAIN_TEXT = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ContactField(forms.EmailField):
    default_validators = [validate_address]


class NewOrganizationForm(forms.Form):
    name = forms.CharField(
        label=_("Organization name"),
        max_length=NAME_LENGTH,
        help_text=_(
            "Letters, digits, hyphens and underscores. It is part of the addresses of the organization's "
            "pages, and can't be changed later."
        ),
        widget=forms.TextInput(attrs=PLAIN_TEXT | {"autofocus": True}),
    )
    email = ContactField(
        label=_("Email address"),
        max_length=LONGEST_ADDRESS,
        help_text=_("Where members can reach those who run the organization. All members can see it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        try:
            check_name(name)
        except RuleViolation as error:
            raise ValidationError(error.message, code=error.code) from error
        return name


class GeneralForm(forms.Form):
    email = ContactField(
        label=_("Notification email"),
        max_length=LONGEST_ADDRESS,
        help_text=_("Where members can reach those who run the organization. All members can see it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class DeleteForm(forms.Form):
    """Typed confirmation: the organization's own name."""

    name = forms.CharField(
        label=_("Organization name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )

    def __init__(self, organization: Organization, data: Any = None) -> None:
        super().__init__(data)
        self.organization = organization

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.organization.name:
            raise ValidationError(_("That is not the name of this organization."), code="wrong-name")
        return name


class AddMemberForm(forms.Form):
    username = forms.CharField(
        label=_("Username or email"),
        max_length=LONGEST_ADDRESS,
        help_text=_("They get an invitation, which is good for 7 days, and decide themselves."),
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )

    def clean_username(self) -> str:
        """Whatever has an @ is an address, since no user name has one."""
        text: str = self.cleaned_data["username"]
        if "@" in text:
            validate_address(text)
        return text


class UserFilterForm(forms.Form):
    """Which users the list shows. Sent by GET."""

    status = forms.ChoiceField(choices=Membership.Status.choices, required=False)
    q = forms.CharField(
        label=_("Search by username"),
        max_length=USERNAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs=PLAIN_TEXT | {"type": "search", "placeholder": _("Search by username")}),
    )
    without_two_factor = forms.BooleanField(label=_("Only without two-factor"), required=False)
