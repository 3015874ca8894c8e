"""The forms that create, change, delete and find organizations."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.fields import AddressInput
from accounts.fields import NameField as TypedName
from accounts.web.forms import Form
from organizations.forms.fields import LONGEST_ADDRESS, PLAIN_TEXT, ContactField, NameField
from organizations.models import NAME_LENGTH, Organization


class NewOrganizationForm(Form):
    name = NameField(
        label=_("Organization name"),
        error_messages={"required": _("Enter a name for the organization.")},
        help_text=format_lazy(
            _(
                "1 to {most} letters (A-Z), digits, hyphens and underscores. The name is part of the "
                "addresses of the organization's pages. You can't change it later."
            ),
            most=NAME_LENGTH,
        ),
        widget=forms.TextInput(attrs=PLAIN_TEXT | {"autofocus": True}),
    )
    email = ContactField(
        label=_("Email address"),
        max_length=LONGEST_ADDRESS,
        help_text=_("Members write to this address to reach the owners. All members can see it."),
    )


class GeneralForm(Form):
    email = ContactField(
        label=_("Email address"),
        max_length=LONGEST_ADDRESS,
        help_text=_("Members write to this address to reach the owners. All members can see it."),
        widget=AddressInput(autocomplete="off"),
    )


class DeleteForm(Form):
    """Confirm a deletion by typing the name of the organization."""

    name = TypedName(
        label=_("Organization name"),
        max_length=NAME_LENGTH,
        error_messages={"required": _("Enter the name of the organization.")},
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )

    def __init__(self, organization: Organization, data: Any = None) -> None:
        super().__init__(data)
        self.organization = organization

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.organization.name:
            raise ValidationError(_("That isn't the name of this organization."), code="wrong-name")
        return name


class OrganizationFilterForm(Form):
    """Filter of the list of one's own organizations. Sent by GET."""

    q = TypedName(
        label=_("Search by name"),
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(
            attrs=PLAIN_TEXT
            | {"type": "search", "placeholder": _("Search by name"), "aria-label": _("Search by name")}
        ),
    )
