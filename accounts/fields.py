"""Form fields that pages and the API share."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from accounts.audit import strip_control_characters
from accounts.models import DESCRIPTION_LENGTH, login_key
from accounts.typed import names
from accounts.users.validators import LONGEST_PASSWORD, SHORTEST_PASSWORD, validate_address
from accounts.web.forms import Words, put_into_words

LONGEST_LOGIN = 254
LONGEST_ANSWER = (
    500  # a whole text message, pasted; limit of the HTML field only; `to_python` takes any length
)


class CurrentPasswordField(forms.CharField):
    words: Words = {"required": _("Enter your password.")}

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
        super().__init__(max_length=LONGEST_PASSWORD, strip=False, widget=widget, **kwargs)


class AnswerInput(forms.PasswordInput):
    """A text input that never shows the submitted value again: a refused code may still be valid (R39)."""

    input_type = "text"


class AnswerField(forms.Field):
    """Accepts any text: an answer in the wrong format is counted as a wrong answer (R15)."""

    def __init__(self, *, attrs: dict[str, str], **kwargs: Any) -> None:
        shown = {"required": True, "maxlength": LONGEST_ANSWER, "autofocus": True, "spellcheck": "false"}
        super().__init__(required=False, widget=AnswerInput(attrs={**shown, **attrs}), **kwargs)

    def to_python(self, value: Any) -> str:
        return value or ""


class NameField(forms.CharField):
    """The name of a user or of an organization, read as people type and paste it (D44)."""

    def to_python(self, value: Any) -> str:
        return names.name(super().to_python(value) or "")


class LoginField(forms.CharField):
    """A username or an email address."""

    words: Words = {"required": _("Enter your username or email address.")}

    def to_python(self, value: Any) -> str:
        return names.login(super().to_python(value) or "")


class PersonField(LoginField):
    """Somebody else, by username or email address. What has an @ must be an address: no username has one."""

    words: Words = {"required": _("Enter a username or an email address.")}

    def run_validators(self, value: str) -> None:
        """Check the length and the characters, then the address."""
        super().run_validators(value)
        if "@" in value:
            field = AddressField()
            put_into_words(field)
            field.run_validators(value)


class AddressInput(forms.TextInput):
    """A text input: browsers refuse in `type=email` what `names.address` reads, such as a name in front."""

    def __init__(self, *, autocomplete: str = "email") -> None:
        attrs = {"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(attrs={"autocomplete": autocomplete, **attrs})


class AddressField(forms.EmailField):
    """An email address. `clean` returns it in ASCII, as it is stored and written to."""

    default_validators = [validate_address]
    words: Words = {
        "required": _("Enter an email address."),
        "invalid": _("Enter an email address such as name@example.com."),
    }

    def to_python(self, value: Any) -> str:
        return names.address(super().to_python(value) or "")

    def __init__(self, **kwargs: Any) -> None:
        options = {"label": _("Email address"), "max_length": LONGEST_LOGIN, "widget": AddressInput()}
        super().__init__(**{**options, **kwargs})


def addresses_in(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the addresses, each once in its first spelling, and the texts that are none."""
    right: dict[str, str] = {}
    wrong = []
    for text in texts:
        try:
            address = AddressField().clean(text)
            right.setdefault(login_key(address), address)
        except forms.ValidationError:
            wrong.append(text)
    return list(right.values()), wrong


class FixedAddressField(AddressField):
    """An address that is shown and can't be changed.

    A different address that was sent is reported, not replaced.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            initial=address,
            required=False,
            help_text=_("You were invited with this address."),
        )
        self.address = address
        self.widget.attrs |= {"readonly": True, "autocomplete": "off"}

    def bound_data(self, data: Any, initial: Any) -> Any:
        return self.address

    def clean(self, value: Any) -> str:
        """Return the address. Raises ValidationError for another one: the form was opened before the link."""
        if value and login_key(names.address(str(value))) != login_key(self.address):
            raise forms.ValidationError(
                _(
                    "The invitation that you opened in this browser is for %(address)s. To sign up with that "
                    "address, send the form again."
                )
                % {"address": self.address}
            )
        return self.address


class NewPasswordField(forms.CharField):
    words: Words = {"required": _("Enter a password.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=LONGEST_PASSWORD,
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            help_text=format_lazy(
                _("{least} to {most} characters. A few words that only you would put together are best."),
                least=SHORTEST_PASSWORD,
                most=LONGEST_PASSWORD,
            ),
            **kwargs,
        )


NEVER = "never"
LIFETIMES = {"30": _("30 days"), "90": _("90 days"), "365": _("1 year")}  # keys: days


class DescriptionField(forms.CharField):
    """One line of text without control characters, which lists and mails can show unchanged."""

    words: Words = {"required": _("Enter a description.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Description"), max_length=DESCRIPTION_LENGTH, **kwargs)

    def to_python(self, value: Any) -> str:
        if isinstance(value, str):  # the limit of the API is for what was sent, not for what is left of it
            MaxLengthValidator(DESCRIPTION_LENGTH, self.error_messages.get("max_length"))(value)
        return strip_control_characters(" ".join((super().to_python(value) or "").split()))


def lifetime_choices() -> list[tuple[str, str]]:
    now, style = timezone.localtime(), pgettext("date format", "j M Y")
    return [
        *(
            (days, f"{label} ({date_format(now + timedelta(days=int(days)), style)})")
            for days, label in LIFETIMES.items()
        ),
        (NEVER, str(_("No expiration"))),
    ]


class ExpiryField(forms.ChoiceField):
    """A choice of token lifetimes. `clean` returns the time of expiry, or None for never."""

    words: Words = {
        "required": _("Choose when the token expires."),
        "invalid_choice": _("Choose when the token expires."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Expires"), choices=lifetime_choices, initial="90", **kwargs)

    def clean(self, value: Any) -> datetime | None:
        chosen = super().clean(value)
        return None if chosen == NEVER else timezone.now() + timedelta(days=int(chosen))
