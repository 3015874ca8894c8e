"""Name the audit events of organizations, and record them.

The activity page of the person concerned shows the sentence of the event, the organization and the actor.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Actor
from accounts.audit.events import EventName
from accounts.audit.wording import Data, Said
from accounts.models import User
from organizations import event_wording
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
    TWO_FACTOR_METHODS_CHANGED = (
        "organization.two_factor_methods_changed",
        _("Changed which two-factor methods an organization accepts"),
    )
    TWO_FACTOR_SCHEDULED = (
        "organization.two_factor_scheduled",
        _("Set a date from which an organization requires two-factor authentication"),
    )
    TWO_FACTOR_SCHEDULE_WITHDRAWN = (
        "organization.two_factor_schedule_withdrawn",
        _("Withdrew the date from which an organization requires two-factor authentication"),
    )
    TWO_FACTOR_PUT_OFF = (
        "organization.two_factor_put_off",
        _("Put off requiring two-factor authentication, because owners don't have it"),
    )
    MEMBER_REMINDED = (
        "organization.member_reminded",
        _("Reminded to set up two-factor authentication for an organization"),
    )
    MEMBERS_REMINDED = (
        "organization.members_reminded",
        _("Reminded all members who hadn't set up what is required"),
    )
    MISSING_EXPORTED = (
        "organization.missing_exported",
        _("Exported the list of members who haven't set up what is required"),
    )
    USER_SESSIONS_CHANGED = (
        "organization.user_sessions_changed",
        _("Changed how long members of an organization stay signed in"),
    )
    USER_TOKENS_CHANGED = (
        "organization.user_tokens_changed",
        _("Changed whether an organization accepts personal tokens"),
    )
    MEMBER_INVITED = "organization.member_invited", _("Invited to an organization")
    INVITATION_ACCEPTED = "organization.invitation_accepted", _("Accepted an invitation to an organization")
    INVITATION_DECLINED = "organization.invitation_declined", _("Declined an invitation to an organization")
    INVITATION_REVOKED = "organization.invitation_revoked", _("Revoked an invitation to an organization")
    INVITATIONS_STARTED = (
        "organization.invitations_started",
        _("Started to invite a list of people to an organization"),
    )
    INVITATIONS_STOPPED = (
        "organization.invitations_stopped",
        _("Stopped inviting a list of people to an organization"),
    )
    MEMBER_REMOVED = "organization.member_removed", _("Removed from an organization")
    MEMBER_LEFT = "organization.member_left", _("Left an organization")
    OWNER_ADDED = "organization.owner_added", _("Made an owner of an organization")
    OWNER_REMOVED = "organization.owner_removed", _("No longer an owner of an organization")
    EVIDENCE_STARTED = "organization.evidence_started", _("Started to export two-factor evidence")
    EVIDENCE_EXPORTED = "organization.evidence_exported", _("Exported signed two-factor evidence")
    LEFT_OWNERLESS = (
        "organization.left_ownerless",
        _("Deactivated the only active owner of an organization"),
    )
    TOKEN_CREATED = "organization.token_created", _("Created a token of an organization")
    TOKEN_REVOKED = "organization.token_revoked", _("Revoked a token of an organization")
    TOKEN_SENT_IN_CLEAR = (
        "organization.token_sent_in_clear",
        _("Sent a token of an organization over an unencrypted connection"),
    )
    AUDIT_TRAIL_EXPORTED = (
        "organization.audit_trail_exported",
        _("Exported the audit trail of an organization"),
    )

    def said(self, data: Data) -> Said:
        """Describe an event: what was switched on or off, and who or what it is about."""
        switched = SWITCHED.get(self, {}).items()
        sentence = next((words for (name, value), words in switched if data.get(name) == value), self.label)
        if "email" in data and self in TO_ADDRESSES:
            return Said(str(TO_ADDRESSES[self]) % {"address": data["email"]})
        detail = DETAILS[self](data) if self in DETAILS else ""
        return Said(str(sentence), details=(detail,) if detail else ())


# What an event says by the value of one of its data.
SWITCHED: dict[Event, dict[tuple[str, Any], Promise]] = {
    Event.AUTH_POLICY_CHANGED: {
        ("policy", "two_factor_mandatory"): _("Required two-factor authentication in an organization"),
        ("policy", "password"): _("Stopped requiring two-factor authentication in an organization"),
    },
    Event.USER_TOKENS_CHANGED: {
        ("enabled", True): _("Let an organization accept personal tokens"),
        ("enabled", False): _("Stopped an organization from accepting personal tokens"),
    },
}


# Invitations to an address: who sent them reads it. Of those that name an account, its person is the reader.
TO_ADDRESSES = {
    Event.MEMBER_INVITED: _("Invited %(address)s to an organization"),
    Event.INVITATION_REVOKED: _("Revoked the invitation of %(address)s to an organization"),
}


DETAILS: dict[Event, Callable[[Data], str]] = {
    Event.AUTH_POLICY_CHANGED: event_wording.methods,
    Event.TWO_FACTOR_METHODS_CHANGED: event_wording.accepted,
    Event.TWO_FACTOR_SCHEDULED: event_wording.date,
    Event.TWO_FACTOR_SCHEDULE_WITHDRAWN: event_wording.date,
    Event.TWO_FACTOR_PUT_OFF: lambda data: data.get("owners", ""),
    Event.MEMBERS_REMINDED: event_wording.members_reminded,
    Event.MISSING_EXPORTED: event_wording.counted,
    Event.UPDATED: event_wording.contact,
    Event.USER_SESSIONS_CHANGED: event_wording.lifetimes,
    Event.INVITATIONS_STARTED: event_wording.people_on_list,
    Event.INVITATIONS_STOPPED: event_wording.not_invited,
    Event.TOKEN_CREATED: event_wording.kind,
    Event.TOKEN_REVOKED: event_wording.kind,
    Event.TOKEN_SENT_IN_CLEAR: event_wording.kind,
    Event.EVIDENCE_STARTED: event_wording.export,
    Event.EVIDENCE_EXPORTED: event_wording.export,
    Event.AUDIT_TRAIL_EXPORTED: event_wording.narrowed,
    Event.MEMBER_LEFT: event_wording.account,
    Event.OWNER_ADDED: event_wording.reason,
    Event.LEFT_OWNERLESS: event_wording.reason,
}


def subject_of(organization: Organization) -> str:
    return f"organization:{organization.name}"


def record(
    event: Event, organization: Organization, *, actor: Actor, user: User | None = None, **data: Any
) -> None:
    """Record an event of an organization. `user` is the person concerned, by default the actor's user."""
    audit.record(event, **of_organization(organization, actor, user, data))


def record_all(
    event: Event, organization: Organization, details: Iterable[tuple[User | None, Data]], *, actor: Actor
) -> None:
    """Like `record`, for many people at once, each with the data of their event."""
    audit.record_all(
        [audit.event_by(event, **of_organization(organization, actor, user, data)) for user, data in details]
    )


def of_organization(
    organization: Organization, actor: Actor, user: User | None, data: Data
) -> dict[str, Any]:
    """Return what the event of an organization consists of, besides its name."""
    named = {"member": user.username} if user is not None else {}
    return {
        "actor": actor,
        "subject": subject_of(organization),
        "subject_id": organization.pk,
        "user": user or actor.user,
        **{name: value for name, value in {**data, **named}.items() if value != ""},
    }
