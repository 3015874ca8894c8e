"""Name the audit events of organizations, and record them.

The activity page of the person concerned shows the sentence of the event, the organization and the actor.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Actor
from accounts.audit.events import EventName
from accounts.models import User
from organizations.models import Organization


class Event(EventName):
    """Events of organizations. Never change a value: recorded events keep it."""

    CREATED = "organization.created", _("Created an organization")
    UPDATED = "organization.updated", _("Changed an organization's contact address")
    DELETED = "organization.deleted", _("Deleted an organization")
    AUTH_POLICY_CHANGED = (
        "organization.auth_policy_changed",
        _("Changed whether an organization requires two-factor authentication"),
    )
    USER_SESSIONS_CHANGED = (
        "organization.user_sessions_changed",
        _("Changed how long the sessions of an organization's members last"),
    )
    USER_TOKENS_CHANGED = (
        "organization.user_tokens_changed",
        _("Changed whether an organization accepts personal tokens"),
    )
    MEMBER_INVITED = "organization.member_invited", _("Invitation to an organization")
    INVITATION_ACCEPTED = "organization.invitation_accepted", _("Accepted an invitation to an organization")
    INVITATION_DECLINED = "organization.invitation_declined", _("Declined an invitation to an organization")
    INVITATION_REVOKED = "organization.invitation_revoked", _("Invitation to an organization revoked")
    MEMBER_REMOVED = "organization.member_removed", _("Removed from an organization")
    MEMBER_LEFT = "organization.member_left", _("Left an organization")
    OWNER_ADDED = "organization.owner_added", _("Made an owner of an organization")
    OWNER_REMOVED = "organization.owner_removed", _("No longer an owner of an organization")
    TOKEN_CREATED = "organization.token_created", _("Made a token of an organization")
    TOKEN_REVOKED = "organization.token_revoked", _("Revoked a token of an organization")
    TOKEN_SENT_IN_CLEAR = (
        "organization.token_sent_in_clear",
        _("Sent a token of an organization without encryption"),
    )


def record(
    event: Event, organization: Organization, *, actor: Actor, user: User | None = None, **data: Any
) -> None:
    """Record an event of an organization. `user` is the person concerned, by default the actor's user."""
    if user is not None:
        data["member"] = user.username
    audit.record(
        event,
        actor=actor,
        subject=f"organization:{organization.name}",
        user=user or actor.user,
        **{name: value for name, value in data.items() if value != ""},
    )
