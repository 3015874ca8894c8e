"""What an organization can be called: one rule for every door."""

import re

from django.urls import register_converter

from organizations.exceptions import InvalidName, ReservedName
from organizations.models import NAME_LENGTH

ORGANIZATION_NAME = rf"[A-Za-z0-9_-]{{1,{NAME_LENGTH}}}"

# Words that a path uses now, or is going to; compared without regard to case.
RESERVED_WORDS = (
    "about account accounts admin api app assets auth billing callback dev docs documentation "
    "explore favicon healthz help home invitations invite join legal login logout me new none "
    "null oauth organization organizations owners policies pricing privacy readyz registry root "
    "search security session sessions settings sign-in sign-up signup static status support "
    "system team teams terms token tokens undefined user users webhooks well-known workspaces "
)
RESERVED_NAMES = frozenset(RESERVED_WORDS.split())


def check_name(name: str) -> None:
    """Raise unless an organization may have this name. Whether it is taken, the database says."""
    if not re.fullmatch(ORGANIZATION_NAME, name):
        raise InvalidName
    if name.lower() in RESERVED_NAMES:
        raise ReservedName(name=name)


class OrganizationNameConverter:
    regex = ORGANIZATION_NAME

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(OrganizationNameConverter, "organization")
