"""Say in a few words what an organization requires, and from when, for tables of site admins."""

from django.utils.translation import gettext as _

from accounts.web.times import in_full
from organizations.models import Organization
from organizations.models.organizations import ACCEPTED

METHODS = dict(ACCEPTED)


def methods_in_words(organization: Organization) -> str:
    """Return which methods count now, also by a date that has come and is not written down; "" without."""
    required = organization.required_level
    return str(METHODS[required]) if required else ""


def date_in_words(organization: Organization) -> str:
    """Return the date that is announced and which methods count then; "" if there is none."""
    at, level = organization.required_from, organization.coming_level
    if at is None or not level:
        return ""
    words = _("%(time)s: %(methods)s")
    if organization.is_put_off:
        words = _("%(time)s: %(methods)s. Put off, because not all owners have it")
    return words % {"time": in_full(at), "methods": METHODS[level]}
