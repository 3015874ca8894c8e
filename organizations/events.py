"""Names of this app's audit events, and the one way to record them."""

from typing import Any

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from organizations.models import Organization

CREATED = "organization.created"
UPDATED = "organization.updated"
DELETED = "organization.deleted"
AUTH_POLICY_CHANGED = "organization.auth_policy_changed"
MEMBER_INVITED = "organization.member_invited"
INVITATION_ACCEPTED = "organization.invitation_accepted"
INVITATION_DECLINED = "organization.invitation_declined"
INVITATION_REVOKED = "organization.invitation_revoked"
MEMBER_REMOVED = "organization.member_removed"
MEMBER_LEFT = "organization.member_left"
OWNER_ADDED = "organization.owner_added"
OWNER_REMOVED = "organization.owner_removed"


def record(
    event: str, organization: Organization, *, actor: Actor, user: User | None = None, **data: Any
) -> None:
    """Record what happened to an organization. `user` is the person whom it concerns, if it is one."""
    if user is not None:
        data["user"] = user.username
    audit.record(
        event,
        actor=actor,
        subject=f"organization:{organization.name}",
        user=user or actor.user,
        **{name: value for name, value in data.items() if value != ""},
    )
