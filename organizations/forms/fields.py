"""Fields that several forms about organizations share."""

from typing import Any

from django.core.exceptions import ValidationError

from accounts.exceptions import RuleViolation
from accounts.fields import AddressField
from accounts.fields import NameField as TypedName
from organizations.models import NAME_LENGTH
from organizations.names import check_name

LONGEST_ADDRESS = 254
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
