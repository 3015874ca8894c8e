"""Say what an organization requires of the people whom it invites, before they join.

The page and the mail of an invitation ask here; the page of a setup asks `access.gate.in_words`.
"""

from django.utils.translation import gettext as _

from accounts.models import ANY_METHOD, User
from accounts.web.times import day
from organizations.models import Organization


def requirement_in_words(organization: Organization) -> str:
    """Return what it requires, and from when, in one or two sentences; "" if it requires nothing."""
    return " ".join(filter(None, (required_now(organization), required_later(organization))))


def required_now(organization: Organization) -> str:
    level, since = organization.required_level, organization.required_since
    if not level:
        return ""
    words = {"name": organization.name, "day": day(since) if since else ""}
    if level > ANY_METHOD:
        return _("%(name)s requires an authenticator app, and doesn't accept text messages.") % words
    if since is None:
        return _("%(name)s requires two-factor authentication.") % words
    return _("%(name)s has required two-factor authentication since %(day)s.") % words


def required_later(organization: Organization) -> str:
    at, level = organization.required_from, organization.coming_level
    if at is None or not level:
        return ""
    words = {"name": organization.name, "day": day(at)}
    if level > ANY_METHOD:
        return _("From %(day)s, %(name)s requires an authenticator app, not text messages.") % words
    return _("From %(day)s, %(name)s requires two-factor authentication.") % words


def has_to_set_up(organization: Organization, user: User) -> bool:
    """Return whether this user has to set up two-factor authentication for the organization, now or later."""
    return user.level < max(organization.required_level, organization.coming_level)
