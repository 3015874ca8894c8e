"""The audit events of a user, described in words."""

from dataclasses import dataclass
from typing import Self

from django.utils.translation import gettext as _

from accounts.audit import user_agents
from accounts.audit.actor import subject_of
from accounts.audit.events import Event, sentence_of
from accounts.models import AuditEvent, User

PAGE_SIZE = 25
PROOFS = (Event.LOGIN_SUCCEEDED, Event.SUDO_GRANTED)


@dataclass(frozen=True)
class ActivityEntry:
    event: AuditEvent
    sentence: str
    subject: str  # the name of the subject, if it is not the user
    method: str  # what signed in or proved it, "" of other events (accounts/factors/methods.py names it)
    by: str  # who did it, if it was not the user
    ip: str
    browser: str

    @classmethod
    def of(cls, event: AuditEvent, user: User) -> Self:
        by = by_whom(event, user)
        return cls(
            event=event,
            sentence=sentence_of(event.event),
            subject="" if event.subject == subject_of(user) else event.subject.partition(":")[2],
            method=event.data.get("method", "") if event.event in PROOFS else "",
            by=by,
            # Do not reveal the address and the browser of another actor, such as an administrator.
            ip="" if by else event.ip or "",
            browser="" if by or not event.user_agent else user_agents.describe(event.user_agent),
        )


def by_whom(event: AuditEvent, user: User) -> str:
    if event.door == "command":
        return _("an administrator of the server")
    if not event.actor.startswith("user:") or event.actor == subject_of(user):
        return ""
    return _("a site administrator") if event.door == "admin" else event.actor.removeprefix("user:")


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
