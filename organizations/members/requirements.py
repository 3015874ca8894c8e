"""Say what an organization requires of the people whom it invites, before they join.

The page and the mail of an invitation, and what comes after *Accept*, ask here and nowhere else.
"""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from organizations.models import Organization


def requirement_in_words(organization: Organization) -> str:
    """Return what it requires, and from when, in one sentence; "" if it requires nothing."""
    if not organization.is_mandatory:
        return ""
    name, since = organization.name, organization.auth_policy_changed_at
    if since is None:
        return _("%(name)s requires two-factor authentication.") % {"name": name}
    day = date_format(timezone.localtime(since), pgettext("date format", "j F Y"))
    words = {"name": name, "day": day}
    return _("%(name)s has required two-factor authentication since %(day)s.") % words


def has_to_set_up(organization: Organization, user: User) -> bool:
    """Return whether this user has to set up two-factor authentication for the organization, now or later."""
    return organization.is_mandatory and not user.is_enrolled
