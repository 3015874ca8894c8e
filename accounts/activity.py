"""A person's own audit events, in words."""

from dataclasses import dataclass
from typing import Self

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, browsers, login, passwords, registration, remembered, standing, tokens
from accounts.audit import name_of
from accounts.models import AuditEvent, User

PAGE_SIZE = 25

# Other apps add theirs.
SENTENCES: dict[str, str | Promise] = {
    audit.LOGIN_SUCCEEDED: gettext_lazy("Signed in"),
    audit.LOGIN_FAILED: gettext_lazy("Sign-in with a wrong password"),
    login.PASSWORD_ACCEPTED: gettext_lazy("Entered the right password, before the second step"),
    audit.LOGOUT: gettext_lazy("Signed out"),
    login.SESSION_ENDED: gettext_lazy("Ended a session in another browser"),
    login.OTHERS_ENDED: gettext_lazy("Ended the sessions in all other browsers"),
    remembered.REMEMBERED: gettext_lazy("Had a browser remembered, which then needs no code for some time"),
    remembered.FORGOTTEN: gettext_lazy("Had remembered browsers forgotten"),
    audit.SUDO_GRANTED: gettext_lazy("Confirmed that it was you"),
    audit.TWO_FACTOR_STARTED: gettext_lazy("Began to set up two-factor authentication"),
    audit.TWO_FACTOR_CANCELLED: gettext_lazy("Cancelled setting up two-factor authentication"),
    audit.TWO_FACTOR_ENABLED: gettext_lazy("Turned on two-factor authentication"),
    audit.TWO_FACTOR_REPLACED: gettext_lazy("Replaced the two-factor device"),
    audit.TWO_FACTOR_ADDED: gettext_lazy("Added a method of two-factor authentication"),
    audit.TWO_FACTOR_REMOVED: gettext_lazy("Removed a method of two-factor authentication"),
    audit.TWO_FACTOR_CHALLENGED: gettext_lazy("Had a code sent"),
    audit.TWO_FACTOR_DISABLED: gettext_lazy("Turned off two-factor authentication"),
    audit.TWO_FACTOR_FAILED: gettext_lazy("Wrong two-factor code"),
    audit.TWO_FACTOR_SET_ASIDE: gettext_lazy("Two-factor device taken out of use after 100 wrong codes"),
    audit.BACKUP_CODES_RENEWED: gettext_lazy("Renewed the backup codes"),
    audit.BACKUP_CODES_REVEALED: gettext_lazy("Looked at the backup codes"),
    passwords.PASSWORD_FAILED: gettext_lazy("Wrong password where it was asked again"),
    passwords.PASSWORD_CHANGED: gettext_lazy("Changed the password"),
    passwords.RESET_REQUESTED: gettext_lazy("Asked for a link to set a new password"),
    passwords.PASSWORD_RESET: gettext_lazy("Set a new password by a link in a mail"),
    registration.ACCOUNT_CREATED: gettext_lazy("Created the account"),
    registration.CONFIRMATION_SENT: gettext_lazy("Asked for the confirmation mail again"),
    registration.EMAIL_CONFIRMED: gettext_lazy("Confirmed the email address"),
    registration.EMAIL_CHANGED: gettext_lazy("Changed the email address"),
    registration.EMAIL_CHANGE_REQUESTED: gettext_lazy("Entered a new email address"),
    tokens.TOKEN_CREATED: gettext_lazy("Made an API token"),
    tokens.TOKEN_REVOKED: gettext_lazy("Revoked an API token"),
    standing.DEACTIVATED: gettext_lazy("Account deactivated"),
    standing.REACTIVATED: gettext_lazy("Account activated again"),
    standing.CHANGED: gettext_lazy("Rights on this site changed"),
}


@dataclass(frozen=True)
class Entry:
    event: AuditEvent
    sentence: str
    subject: str  # whose name it concerns, if not the person's own
    by: str  # who did it, if not the person
    ip: str
    browser: str

    @classmethod
    def of(cls, event: AuditEvent, user: User) -> Self:
        by = by_whom(event, user)
        return cls(
            event=event,
            sentence=str(SENTENCES.get(event.event, event.event)),
            subject="" if event.subject == name_of(user) else event.subject.partition(":")[2],
            by=by,
            # Where somebody else sits is not this person's business.
            ip="" if by else event.ip or "",
            browser="" if by or not event.user_agent else browsers.describe(event.user_agent),
        )


def by_whom(event: AuditEvent, user: User) -> str:
    if event.door == "command":
        return _("an administrator of the server")
    if not event.actor.startswith("user:") or event.actor == name_of(user):
        return ""
    return _("a site administrator") if event.door == "admin" else event.actor.removeprefix("user:")


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    next: int | None  # the id to go on before


def page_of(user: User, before: int | None) -> Page:
    events = AuditEvent.objects.filter(user_id=user.pk).order_by("-id")
    if before is not None:
        events = events.filter(id__lt=before)
    found = list(events[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Page(
        entries=[Entry.of(event, user) for event in shown],
        next=shown[-1].pk if len(found) > PAGE_SIZE else None,
    )
