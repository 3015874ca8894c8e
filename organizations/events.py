"""Names of this app's audit events, and the one way to record them."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from organizations.models import Organization

CREATED = "organization.created"
UPDATED = "organization.updated"
DELETED = "organization.deleted"
AUTH_POLICY_CHANGED = "organization.auth_policy_changed"
USER_SESSIONS_CHANGED = "organization.user_sessions_changed"
MEMBER_INVITED = "organization.member_invited"
INVITATION_ACCEPTED = "organization.invitation_accepted"
INVITATION_DECLINED = "organization.invitation_declined"
INVITATION_REVOKED = "organization.invitation_revoked"
MEMBER_REMOVED = "organization.member_removed"
MEMBER_LEFT = "organization.member_left"
OWNER_ADDED = "organization.owner_added"
OWNER_REMOVED = "organization.owner_removed"
TOKEN_CREATED = "organization.token_created"
TOKEN_REVOKED = "organization.token_revoked"

# For the activity page of the person concerned, which also names the organization and who did it.
SENTENCES: dict[str, str | Promise] = {
    CREATED: _("Created an organization"),
    UPDATED: _("Changed an organization's contact address"),
    DELETED: _("Deleted an organization"),
    AUTH_POLICY_CHANGED: _("Changed whether an organization requires two-factor authentication"),
    USER_SESSIONS_CHANGED: _("Changed how long the sessions of an organization's members last"),
    MEMBER_INVITED: _("Invitation to an organization"),
    INVITATION_ACCEPTED: _("Accepted an invitation to an organization"),
    INVITATION_DECLINED: _("Declined an invitation to an organization"),
    INVITATION_REVOKED: _("Invitation to an organization revoked"),
    MEMBER_REMOVED: _("Removed from an organization"),
    MEMBER_LEFT: _("Left an organization"),
    OWNER_ADDED: _("Made an owner of an organization"),
    OWNER_REMOVED: _("No longer an owner of an organization"),
    TOKEN_CREATED: _("Made a token of an organization"),
    TOKEN_REVOKED: _("Revoked a token of an organization"),
}


def record(
    event: str, organization: Organization, *, actor: Actor, user: User | None = None, **data: Any
) -> None:
    """Record what happened to an organization. `user` is the person whom it concerns, if it is one."""
    if user is not None:
        data["member"] = user.username
    audit.record(
        event,
        actor=actor,
        subject=f"organization:{organization.name}",
        user=user or actor.user,
        **{name: value for name, value in data.items() if value != ""},
    )
