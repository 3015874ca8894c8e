"""Forms of the actions on an account. They check the format of the input only; verbs do the rest."""

import re
from typing import Any, Self

from django import forms
from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.fields import addresses_in
from accounts.models import User
from accounts.users import deactivation
from accounts.users.deactivation import Decisions
from accounts.users.reasons import LONGEST_REASON, ReasonMissing
from accounts.users.rights import Rights, grantable
from accounts.web.forms import Form


class ReasonForm(Form):
    """The reason for an administrator's action. It is recorded, and quoted in mails."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("Recorded, and emailed to the user and to all superusers."),
        error_messages={"required": ReasonMissing.message},
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def afresh(self) -> Self:
        """Return the form as it is to be shown again after a verb has refused what it says."""
        return self


class DeactivationForm(ReasonForm):
    """Decides, besides, what becomes of what the person holds."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.held = deactivation.held_by(user)
        self.fields = {**deactivation.fields_for(user), **self.fields}

    def afresh(self) -> Self:
        """Show what there is now, too: what has come since could not be decided about."""
        data = {**self.data.dict()} if isinstance(self.data, QueryDict) else {**self.data}
        for name, field in deactivation.fields_for(self.user).items():
            if field.widget.is_hidden:
                data[name] = field.initial
        form = type(self)(self.user, data)
        form.is_valid()
        return form

    @property
    def decisions(self) -> Decisions:
        """Return what a valid form has decided."""
        return deactivation.decisions_of(self.user, self.cleaned_data)


MOST_ADDRESSES = 100  # at once: each is a transaction of its own, and a mail
BETWEEN_ADDRESSES = re.compile(r"[\r\n,;]+")


class InviteForm(Form):
    addresses = forms.CharField(
        label=_("Email addresses"),
        help_text=format_lazy(
            _("One or more, up to {most}: one per line, or separated by commas."), most=MOST_ADDRESSES
        ),
        error_messages={"required": _("Enter an email address.")},
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField", "autocomplete": "off"}),
    )

    def clean_addresses(self) -> list[str]:
        """Return the addresses, each once, in ASCII. Raises ValidationError that names all that are none."""
        texts = [text for text in BETWEEN_ADDRESSES.split(self.cleaned_data["addresses"]) if text.strip()]
        if len(texts) > MOST_ADDRESSES:
            raise forms.ValidationError(
                _("You entered %(n)d addresses. Enter up to %(most)d at once.")
                % {"n": len(texts), "most": MOST_ADDRESSES}
            )
        right, wrong = addresses_in(texts)
        if wrong or not right:
            raise forms.ValidationError(
                _("Nobody was invited. These aren't email addresses: %(texts)s")
                % {"texts": ", ".join(text.strip() for text in wrong) or "-"}
            )
        return right


class RightsForm(ReasonForm):
    is_staff = forms.BooleanField(
        label=_("Staff"), required=False, help_text=_("Can open the admin site, and do what is ticked there.")
    )
    permissions = forms.MultipleChoiceField(
        label=_("Staff may"),
        required=False,
        choices=grantable.items,
        widget=forms.CheckboxSelectMultiple,
    )
    is_superuser = forms.BooleanField(
        label=_("Superuser"),
        required=False,
        help_text=_("Is staff, can do everything on the admin site, and can change the rights of others."),
    )
    # What the page showed. "" stands for no rights: without this field, nobody who has any is changed.
    rights_shown = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ["is_staff", "permissions", "is_superuser", "reason"]

    @classmethod
    def filled(cls, rights: Rights) -> dict[str, Any]:
        """Return the values of the fields for these rights of a user: as initial values, or as input."""
        return {
            "is_staff": rights.staff,
            "is_superuser": rights.superuser,
            "permissions": sorted(rights.permissions),
            "rights_shown": rights.as_text(),
        }

    def clean(self) -> dict[str, Any]:
        """Refuse permissions without the tick that makes them count: nothing that was ticked gets lost."""
        chosen: dict[str, Any] = super().clean() or self.cleaned_data
        is_or_was_staff = chosen.get("is_staff") or chosen.get("is_superuser") or self.initial.get("is_staff")
        if chosen.get("permissions") and not is_or_was_staff:
            self.add_error(
                "permissions", _("Tick “Staff” as well, or untick these: only staff have permissions.")
            )
        return chosen

    @property
    def shown(self) -> Rights:
        """Return the rights that the page showed on which a valid form was filled in."""
        return Rights.from_text(self.cleaned_data["rights_shown"])

    @property
    def rights(self) -> Rights:
        """Return the rights that a valid form chose."""
        chosen = self.cleaned_data
        return Rights.chosen(
            staff=chosen["is_staff"], superuser=chosen["is_superuser"], permissions=chosen["permissions"]
        )
