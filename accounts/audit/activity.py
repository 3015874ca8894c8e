"""The audit events of a user, described in words."""

from dataclasses import dataclass
from typing import Self

from django.utils.translation import gettext as _

from accounts.audit import user_agents
from accounts.audit.actor import subject_of
from accounts.audit.events import Event, said_by
from accounts.models import AuditEvent, User

PAGE_SIZE = 25
PROOFS = (Event.LOGIN_SUCCEEDED, Event.SUDO_GRANTED)


@dataclass(frozen=True)
class ActivityEntry:
    event: AuditEvent
    sentence: str
    subject: str  # what it is about, if that is not the user
    details: tuple[str, ...]
    method: str  # of two-factor, or what signed in, "" of other events (accounts/factors/methods.py names it)
    is_proof: bool  # whether the method proved who it was
    by: str  # who did it, if it was not the user
    ip: str
    browser: str

    @classmethod
    def of(cls, event: AuditEvent, user: User) -> Self:
        by, said = by_whom(event, user), said_by(event)
        subject = "" if event.subject == subject_of(user) else event.subject.partition(":")[2]
        return cls(
            event=event,
            sentence=said.sentence,
            subject=said.about or subject,
            details=said.details,
            method=event.data.get("method", ""),
            is_proof=event.event in PROOFS,
            by=by,
            # Do not reveal the address and the browser of another actor, such as an administrator.
            ip="" if by and not is_own_program(event, user) else event.ip or "",
            browser="" if by or not event.user_agent else user_agents.describe(event.user_agent),
        )


def by_whom(event: AuditEvent, user: User) -> str:
    """Return who did it, "" if it was the user in a browser."""
    if event.door == "command":
        return _("an administrator of the server")
    if event.actor.startswith("organization:"):
        return _("a program, with one of the organization's tokens")
    if is_own_program(event, user):
        return _("a program, with your API token %(id)s") % {"id": event.data["token"]}
    if not event.actor.startswith("user:") or event.actor == subject_of(user):
        return ""
    return _("a site administrator") if event.door == "admin" else event.actor.removeprefix("user:")


def is_own_program(event: AuditEvent, user: User) -> bool:
    return event.actor == subject_of(user) and "token" in event.data


@dataclass(frozen=True)
class ActivityPage:
    entries: list[ActivityEntry]
    next: int | None  # `before` of the next page


def activity_page(user: User, before: int | None) -> ActivityPage:
    events = AuditEvent.objects.filter(user_id=user.pk).order_by("-id")
    if before is not None:
        events = events.filter(id__lt=before)
    found = list(events[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return ActivityPage(
        entries=[ActivityEntry.of(event, user) for event in shown],
        next=shown[-1].pk if len(found) > PAGE_SIZE else None,
    )


def last_sign_in(user: User) -> AuditEvent | None:
    """Return the event of the user's last complete sign-in that is still kept."""
    signed_in = AuditEvent.objects.filter(user_id=user.pk, event=Event.LOGIN_SUCCEEDED)
    return signed_in.order_by("-id").first()
