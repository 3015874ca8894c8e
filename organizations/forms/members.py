"""The forms that invite, remove and find members."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.fields import LoginField, NameField, PersonField
from accounts.models import USERNAME_LENGTH
from accounts.web.forms import Form
from organizations.announcements import LeftBehind
from organizations.forms.fields import LONGEST_ADDRESS, PLAIN_TEXT
from organizations.models import Membership


class AddMemberForm(Form):
    username = PersonField(
        label=_("Username or email"),
        max_length=LONGEST_ADDRESS,
        help_text=_("They get an invitation and have 7 days to accept it."),
        widget=forms.TextInput(attrs=PLAIN_TEXT | {"autofocus": True}),
    )


class SuccessorField(NameField):
    """The username of a member who becomes an owner in the place of one who goes."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs=PLAIN_TEXT | {"list": "successors"})
        words = {
            "label": _("Next owner"),
            "help_text": _("Optional: the username of a member, who becomes an owner in the same step."),
        }
        super().__init__(
            max_length=USERNAME_LENGTH, **{"required": False, "widget": widget, **words, **kwargs}
        )


class LeavingForm(Form):
    """Name the next owner, where the only one leaves."""

    successor = SuccessorField(
        required=True,
        help_text=_("The username of a member, who becomes an owner as soon as you leave."),
        error_messages={"required": _("Enter the username of a member.")},
    )


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
    successor = SuccessorField()
    shown = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def __init__(self, left: LeftBehind, data: Any = None, *, is_owner: bool = False) -> None:
        super().__init__(data, initial={"shown": ",".join(left.names)})
        self.left = left
        if not is_owner:
            del self.fields["successor"]
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
            "successor": self.cleaned_data.get("successor", ""),
        }


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
    texts_only = forms.BooleanField(label=_("Text messages only"), required=False)
