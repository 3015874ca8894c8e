"""Check the names of organizations, with one rule for every door; find those of a user."""

import re
from collections.abc import Iterable

from django.urls import register_converter

from accounts.models import User
from organizations.exceptions import InvalidName, ReservedName
from organizations.models import NAME_LENGTH, Membership

ORGANIZATION_NAME = rf"[A-Za-z0-9_-]{{1,{NAME_LENGTH}}}"

# Words that paths use now or may use later; compared without regard to case.
RESERVED_WORDS = (
    "about account accounts admin api app assets auth billing callback dev docs documentation "
    "explore favicon healthz help home invitations invite join legal login logout me new none "
    "null oauth organization organizations owners policies pricing privacy readyz registry root "
    "search security session sessions settings sign-in sign-up signup static status support "
    "system team teams terms token tokens undefined user users webhooks well-known workspaces "
)
RESERVED_NAMES = frozenset(RESERVED_WORDS.split())

MOST_COMPARED = 50  # names, with one password


def organization_names(user: User) -> Iterable[str]:
    """Return the names of a user's organizations, which attackers try in passwords."""
    if user._state.adding:
        return ()
    memberships = Membership.objects.active().filter(user=user).order_by("pk")
    return memberships.values_list("organization__name", flat=True)[:MOST_COMPARED]


def check_name(name: str) -> None:
    """Raise InvalidName or ReservedName unless an organization may have this name, taken or not."""
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
