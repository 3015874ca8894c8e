"""The audit events of a user, described in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from django.utils.translation import gettext as _

from accounts.audit import user_agents
from accounts.audit.actor import subject_of
from accounts.audit.events import Event, said_by
from accounts.audit.wrong_codes import WITHOUT_CODE
from accounts.models import AuditEvent, User

PAGE_SIZE = 25
PROOFS = (Event.LOGIN_SUCCEEDED, Event.SUDO_GRANTED)
ONE_SIGN_IN = timedelta(minutes=10)  # the most that may lie between its password and its code


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
    return _("a site admin") if event.door == "admin" else event.actor.removeprefix("user:")


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
    found = list(events[: 2 * (PAGE_SIZE + 1)])  # at most every other one is the first step of another
    first_steps = first_steps_of_sign_ins(found)
    entries = [event for event in found if event.pk not in first_steps]
    return ActivityPage(
        entries=[ActivityEntry.of(event, user) for event in entries[:PAGE_SIZE]],
        next=entries[PAGE_SIZE].pk + 1 if len(entries) > PAGE_SIZE else None,
    )


def first_steps_of_sign_ins(newest_first: Iterable[AuditEvent]) -> set[int]:
    """Return the ids of the right passwords that led to a sign-in, so that one sign-in is one entry.

    Each sign-in stands for one right password, from the same address and browser, minutes before it. A right
    password that no code followed stays an entry: somebody else may know it.
    """
    completed: list[AuditEvent] = []
    first_steps = set()
    for event in newest_first:
        if event.event == Event.LOGIN_SUCCEEDED and event.data.get("method") not in WITHOUT_CODE:
            completed.append(event)
        elif event.event == Event.PASSWORD_ACCEPTED:
            sign_in = next((later for later in reversed(completed) if is_one_sign_in(event, later)), None)
            if sign_in is not None:
                completed.remove(sign_in)
                first_steps.add(event.pk)
    return first_steps


def is_one_sign_in(password: AuditEvent, code: AuditEvent) -> bool:
    same_place = (password.ip, password.user_agent) == (code.ip, code.user_agent)
    return same_place and code.created_at - password.created_at <= ONE_SIGN_IN


def last_sign_in(user: User) -> AuditEvent | None:
    """Return the event of the user's last complete sign-in that is still kept."""
    signed_in = AuditEvent.objects.filter(user_id=user.pk, event=Event.LOGIN_SUCCEEDED)
    return signed_in.order_by("-id").first()
