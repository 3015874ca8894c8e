"""Say an event of an organization to its owners: who did what to whom, and from where.

Where somebody acts for themselves, or a site admin acts, the network address and the browser are no business
of the organization: they are shown where an owner or a token acted for it.
"""

from dataclasses import dataclass
from typing import Self

from django.utils.translation import gettext as _

from accounts.audit import user_agents
from accounts.audit.events import said_by
from accounts.models import AuditEvent
from organizations.events import TO_ADDRESSES, Event

# What owners do, and tokens of the organization. An event that is not here shows no address.
FOR_THE_ORGANIZATION = {
    Event.CREATED,
    Event.UPDATED,
    Event.AUTH_POLICY_CHANGED,
    Event.TWO_FACTOR_METHODS_CHANGED,
    Event.USER_SESSIONS_CHANGED,
    Event.USER_TOKENS_CHANGED,
    Event.MEMBER_INVITED,
    Event.INVITATION_REVOKED,
    Event.MEMBER_REMOVED,
    Event.OWNER_ADDED,
    Event.OWNER_REMOVED,
    Event.LEFT_OWNERLESS,
    Event.TOKEN_CREATED,
    Event.TOKEN_REVOKED,
    Event.TOKEN_SENT_IN_CLEAR,
    Event.AUDIT_TRAIL_EXPORTED,
    Event.TWO_FACTOR_SCHEDULED,
    Event.TWO_FACTOR_SCHEDULE_WITHDRAWN,
    Event.TWO_FACTOR_PUT_OFF,
    Event.MEMBER_REMINDED,
    Event.MEMBERS_REMINDED,
    Event.MISSING_EXPORTED,
    Event.INVITATIONS_STARTED,
    Event.INVITATIONS_STOPPED,
    Event.EVIDENCE_STARTED,
    Event.EVIDENCE_EXPORTED,
}
DOORS = {"html", "api"}  # of members and tokens


@dataclass(frozen=True)
class TrailEntry:
    event: AuditEvent
    who: str
    sentence: str
    details: tuple[str, ...]
    to_whom: str  # a username or an address, "" if it concerns nobody but who did it
    ip: str
    browser: str

    @classmethod
    def of(cls, event: AuditEvent) -> Self:
        """Return what the trail says of an event."""
        who, said = who_did(event), said_by(event)
        concerned = concerned_by(event)
        shown = shows_address(event)
        return cls(
            event=event,
            who=who,
            # The address that an invitation went to has a column of its own.
            sentence=str(Event(event.event).label) if is_to_address(event) else said.sentence,
            details=said.details,
            to_whom="" if concerned == who else concerned,
            ip=(event.ip or "") if shown else "",
            browser=user_agents.describe(event.user_agent) if shown and event.user_agent else "",
        )


def is_to_address(event: AuditEvent) -> bool:
    return event.event in TO_ADDRESSES and "email" in event.data


def concerned_by(event: AuditEvent) -> str:
    """Return whom an event concerns: the address that was written to, else a username, else "".

    Of an invitation to an address, never the name: the organization may not learn whose address it is (D24).
    """
    if event.event == Event.UPDATED:  # its address is the contact address
        return ""
    if hides_name(event):
        return str(event.data.get("email", ""))
    return str(event.data.get("email") or event.data.get("member", ""))


def hides_name(event: AuditEvent) -> bool:
    """Return whether somebody declined an invitation that was sent to an address, or may have been.

    Former releases did not record it, as they left out `subject_id`.
    """
    declined = event.event == Event.INVITATION_DECLINED
    return declined and ("email" in event.data or event.subject_id is None)


def who_did(event: AuditEvent) -> str:
    """Return who acted, in words: a username, a token, or somebody of the site."""
    if event.door == "command":
        return _("a server administrator")
    if event.door == "admin":
        return _("a site admin")
    if event.actor.startswith("organization:"):
        owners = event.actor.endswith("/owners")
        return _("the team token of the owners") if owners else _("the organization token")
    if hides_name(event):
        return _("the person who was invited")
    if not event.actor.startswith("user:"):
        return _("the site")
    name = event.actor.removeprefix("user:")
    return _("%(name)s, with an API token") % {"name": name} if "token" in event.data else name


def shows_address(event: AuditEvent) -> bool:
    """Return whether somebody acted for the organization here, and not for themselves."""
    if "invited" in event.data:  # they accepted an invitation to become an owner
        return False
    if event.door not in DOORS or event.event not in FOR_THE_ORGANIZATION:
        return False
    # A member who leaves withdraws the invitations to their own address. Former releases did not say so.
    is_own = event.event == Event.INVITATION_REVOKED and ("own" in event.data or event.subject_id is None)
    return not is_own
