"""Validate the shape of input about organizations, without side effects. The verbs decide what is allowed."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.exceptions import RuleViolation
from accounts.fields import AddressField, AddressInput, LoginField
from accounts.fields import NameField as TypedName
from accounts.web.durations import minutes_in_words
from accounts.web.forms import Form, Words, put_into_words
from organizations.announcements import LeftBehind
from organizations.models import LONGEST_SESSION, NAME_LENGTH, SHORTEST_SESSION, Membership, Organization
from organizations.names import check_name

LONGEST_ADDRESS = 254
MINUTES = {"shortest": SHORTEST_SESSION, "longest": LONGEST_SESSION}
RANGE = format_lazy(
    _(
        "From {shortest} minutes ({hours}) to {longest} minutes ({days}). If you leave it blank, it is "
        "{longest} minutes."
    ),
    hours=lazy(minutes_in_words, str)(SHORTEST_SESSION),
    days=lazy(minutes_in_words, str)(LONGEST_SESSION),
    **MINUTES,
)
OUT_OF_RANGE = format_lazy(_("Enter a whole number of minutes from {shortest} to {longest}."), **MINUTES)
PLAIN_TEXT = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ContactField(AddressField):
    """Where people can reach an organization."""


class NameField(TypedName):
    """The name of a new organization."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=NAME_LENGTH, **kwargs)

    def validate(self, value: str) -> None:
        super().validate(value)
        try:
            check_name(value)
        except RuleViolation as error:
            raise ValidationError(str(error), code=error.code) from error


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


class MinutesField(forms.IntegerField):
    """Minutes that an owner may choose, or nothing. Help and mistakes say the range.

    What is no number comes back as it was typed, which `type=number` would empty.
    """

    words: Words = dict.fromkeys(("invalid", "min_value", "max_value"), OUT_OF_RANGE)

    def __init__(self, *, help_text: Any, **kwargs: Any) -> None:
        attrs = {"placeholder": LONGEST_SESSION, "inputmode": "numeric", "autocomplete": "off"}
        super().__init__(
            required=False,
            min_value=SHORTEST_SESSION,
            max_value=LONGEST_SESSION,
            widget=forms.TextInput(attrs=attrs),
            help_text=format_lazy("{} {}", help_text, RANGE),
            **kwargs,
        )


class UseDefaultField(forms.BooleanField):
    """Stands for an empty MinutesField, whose id is `field_id`. JavaScript disables that field."""

    def __init__(self, field_id: str) -> None:
        attrs = {"data-disables": field_id, "aria-describedby": f"{field_id}_helptext"}
        widget = forms.CheckboxInput(attrs=attrs)
        super().__init__(label=_("Use default"), required=False, widget=widget)


class UserSessionsForm(Form):
    """How long members stay signed in, in minutes; None is the default."""

    session_timeout = MinutesField(
        label=_("Timeout in"),
        help_text=_("How long members stay signed in without doing anything."),
    )
    session_timeout_default = UseDefaultField("id_session_timeout")
    session_remember = MinutesField(
        label=_("Remember for"),
        help_text=_(
            "The longest that members can stay signed in, whatever they do. Remembered browsers need a "
            "code again after the same time."
        ),
    )
    session_remember_default = UseDefaultField("id_session_remember")

    def __init__(self, organization: Organization, data: Any = None) -> None:
        self.stored = {
            "session_timeout": organization.session_timeout,
            "session_remember": organization.session_remember,
        }
        defaults = {f"{name}_default": minutes is None for name, minutes in self.stored.items()}
        super().__init__(data, initial=self.stored | defaults)

    def clean(self) -> dict[str, Any]:
        for name, stored in self.stored.items():
            if not self.cleaned_data[f"{name}_default"]:
                continue
            # Without JavaScript, a number can be typed while the box is still ticked, which is ambiguous.
            if self.cleaned_data.get(name) not in (None, stored):
                self.add_error(name, _("Untick “Use default” to set a number of minutes."))
            self.cleaned_data[name] = None
        return self.cleaned_data


class AddMemberForm(Form):
    username = LoginField(
        label=_("Username or email"),
        max_length=LONGEST_ADDRESS,
        error_messages={"required": _("Enter a username or an email address.")},
        help_text=_("They get an invitation and have 7 days to accept it."),
        widget=forms.TextInput(attrs=PLAIN_TEXT | {"autofocus": True}),
    )

    def clean_username(self) -> str:
        """Return the text; validate it as an address if it has an @, which no username has."""
        text: str = self.cleaned_data["username"]
        if "@" in text:
            field = AddressField()
            put_into_words(field)
            field.run_validators(text)
        return text


class RemovalForm(Form):
    """Decide what becomes of what somebody leaves behind. `shown` carries what the page has shown."""

    end_tokens = forms.BooleanField(
        label=_("Delete these tokens"),
        help_text=_("Programs that use them stop working at once. You can't undo this."),
        required=False,
        initial=True,
    )
    revoke_invitations = forms.BooleanField(
        label=_("Withdraw these invitations"),
        help_text=_("Nobody can accept them after that. You can invite the same people again."),
        required=False,
        initial=True,
    )
    shown = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def __init__(self, left: LeftBehind, data: Any = None) -> None:
        super().__init__(data, initial={"shown": ",".join(left.names)})
        self.left = left
        if not left.tokens:
            del self.fields["end_tokens"]
        if not left.invitations:
            del self.fields["revoke_invitations"]

    @property
    def choices(self) -> dict[str, Any]:
        """Return the fields of `Choices` (organizations/members/left_behind.py) of a valid form."""
        return {
            "end_tokens": self.cleaned_data.get("end_tokens", False),
            "revoke_invitations": self.cleaned_data.get("revoke_invitations", False),
            "shown": frozenset(self.cleaned_data["shown"].split(",")),
        }


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


class UserFilterForm(Form):
    """Filters of the list of users. Sent by GET."""

    status = forms.ChoiceField(choices=Membership.Status.choices, required=False)
    q = LoginField(
        label=_("Search by username or email"),
        max_length=LONGEST_ADDRESS,
        required=False,
        widget=forms.TextInput(
            attrs=PLAIN_TEXT | {"type": "search", "placeholder": _("Search by username or email")}
        ),
    )
    without_two_factor = forms.BooleanField(label=_("Only without two-factor"), required=False)
