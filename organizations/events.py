"""Name the audit events of organizations, and record them.

The activity page of the person concerned shows the sentence of the event, the organization and the actor.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Actor
from accounts.audit.events import EventName
from accounts.audit.wording import Data, Said
from accounts.models import User
from accounts.web.durations import minutes_in_words
from accounts.web.times import in_full
from organizations.models import InvitationBatch, Organization


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


def contact(data: Data) -> str:
    if "email" not in data:
        return ""
    former = data.get("email_before") or gettext("none")
    return gettext("from %(former)s to %(new)s") % {"former": former, "new": data["email"]}


def lifetimes(data: Data) -> str:
    """Return how long sessions last since: without use, and since the sign-in; None is the site's limit."""
    if "after" not in data:
        return ""
    limits = zip(data["after"], (_("%(time)s of inactivity"), _("%(time)s after signing in")), strict=False)
    said = [str(words) % {"time": minutes_in_words(minutes)} for minutes, words in limits if minutes]
    return get_text_list(said, gettext("and")) or gettext("as on the rest of the site")


def members_reminded(data: Data) -> str:
    number = data.get("number", 0)
    return ngettext("%(n)s member", "%(n)s members", number) % {"n": number}


def kind(data: Data) -> str:
    return str(KINDS.get(data.get("kind", ""), ""))


def people_on_list(data: Data) -> str:
    number = data.get("people", 0)
    return ngettext("%(n)s person", "%(n)s people", number) % {"n": number}


def not_invited(data: Data) -> str:
    """Return how many people were not invited, and why the list was stopped."""
    number = data.get("people", 0)
    left = ngettext("%(n)s person wasn't invited", "%(n)s people weren't invited", number) % {"n": number}
    reason = data.get("reason", "")
    said = InvitationBatch.Reason(reason).label if reason in InvitationBatch.Reason.values else ""
    return f"{left}, {said}" if said else left


def narrowed(data: Data) -> str:
    """Return the format of an export, and what it was narrowed to."""
    only = [
        gettext("person: %(name)s") % {"name": data["person"]} if "person" in data else "",
        gettext("only: %(event)s") % {"event": data["only"]} if "only" in data else "",
        gettext("from %(day)s") % {"day": data["since"]} if "since" in data else "",
        gettext("to %(day)s") % {"day": data["until"]} if "until" in data else "",
    ]
    return ", ".join([data.get("format", "").upper(), *filter(None, only)])


def account(data: Data) -> str:
    return gettext("deleted their account") if data.get("account") == "deleted" else ""


def reason(data: Data) -> str:
    return gettext("Reason: %(text)s") % {"text": data["reason"]} if "reason" in data else ""


KINDS = {"owners": _("team token of the owners"), "organization": _("organization token")}


def methods(data: Data) -> str:
    return gettext("without text messages") if data.get("texts") is False else ""


def accepted(data: Data) -> str:
    return gettext("with text messages") if data.get("texts") else methods(data)


def date(data: Data) -> str:
    """Return the date of a schedule, and which methods count, in the zone of the reader."""
    if "date" not in data:
        return ""
    at = datetime.fromisoformat(data["date"])
    return ", ".join(filter(None, [gettext("from %(date)s") % {"date": in_full(at)}, methods(data)]))


def export(data: Data) -> str:
    """Return what was exported: its format, and once it is whole, its rows and its digest."""
    form = str(data.get("format", "")).upper()
    if "sha256" not in data:
        return form
    words = gettext("%(format)s, rows: %(rows)s, SHA-256: %(digest)s")
    return words % {"format": form, "rows": data.get("rows"), "digest": data["sha256"]}


DETAILS: dict[Event, Callable[[Data], str]] = {
    Event.AUTH_POLICY_CHANGED: methods,
    Event.TWO_FACTOR_METHODS_CHANGED: accepted,
    Event.TWO_FACTOR_SCHEDULED: date,
    Event.TWO_FACTOR_SCHEDULE_WITHDRAWN: date,
    Event.TWO_FACTOR_PUT_OFF: lambda data: data.get("owners", ""),
    Event.MEMBERS_REMINDED: members_reminded,
    Event.UPDATED: contact,
    Event.USER_SESSIONS_CHANGED: lifetimes,
    Event.INVITATIONS_STARTED: people_on_list,
    Event.INVITATIONS_STOPPED: not_invited,
    Event.TOKEN_CREATED: kind,
    Event.TOKEN_REVOKED: kind,
    Event.TOKEN_SENT_IN_CLEAR: kind,
    Event.EVIDENCE_STARTED: export,
    Event.EVIDENCE_EXPORTED: export,
    Event.AUDIT_TRAIL_EXPORTED: narrowed,
    Event.MEMBER_LEFT: account,
    Event.OWNER_ADDED: reason,
    Event.LEFT_OWNERLESS: reason,
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
