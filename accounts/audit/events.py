"""Name the events of this application, describe them in sentences, and record them."""

from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import lines, wording
from accounts.audit.actor import Actor
from accounts.database.writes import insert
from accounts.models import AuditEvent, User
from accounts.plugins import Registry

ROWS_AT_ONCE = 1_000  # of one statement


class EventName(models.TextChoices):
    """Base class of each application's events: the value is stored, activity pages show what it says."""

    def said(self, data: wording.Data) -> wording.Said:
        """Describe a recorded event with these data, for the person concerned."""
        return wording.Said(str(self.label))


class Event(EventName):
    """What users and administrators do to accounts. Never change a value: recorded events keep theirs."""

    LOGIN_SUCCEEDED = "login.succeeded", _("Signed in")
    LOGIN_FAILED = "login.failed", _("Entered a wrong password when signing in")
    PASSWORD_ACCEPTED = "login.password_accepted", _("Entered the right password, and was asked for a code")
    LOGOUT = "login.ended", _("Signed out")
    SESSION_ENDED = "session.ended", _("Ended a session in another browser")
    OTHER_SESSIONS_ENDED = "session.others_ended", _("Ended the sessions in all other browsers")
    IDLE_SESSIONS_ENDED = (
        "session.idle_ended",
        _(
            "Signed out of the browsers that you hadn't used for the longest time, because there were more "
            "than 100"
        ),
    )
    BROWSER_REMEMBERED = "browser.remembered", _("Remembered this browser")
    BROWSERS_FORGOTTEN = "browser.forgotten", _("Forgot remembered browsers")
    IDLE_BROWSERS_FORGOTTEN = (
        "browser.idle_forgotten",
        _(
            "Forgot the remembered browsers that you hadn't used for the longest time, because there were "
            "more than 50"
        ),
    )
    SUDO_GRANTED = "sudo.granted", _("Confirmed that it was you")

    TWO_FACTOR_STARTED = "two_factor.started", _("Started to set up two-factor authentication")
    TWO_FACTOR_CANCELLED = "two_factor.cancelled", _("Cancelled setting up two-factor authentication")
    TWO_FACTOR_ENABLED = "two_factor.enabled", _("Enabled two-factor authentication")
    TWO_FACTOR_REPLACED = "two_factor.replaced", _("Replaced a two-factor method")
    TWO_FACTOR_ADDED = "two_factor.added", _("Added a two-factor method")
    TWO_FACTOR_REMOVED = "two_factor.removed", _("Removed a two-factor method")
    TWO_FACTOR_CHALLENGED = "two_factor.challenged", _("Requested a code")
    TWO_FACTOR_DISABLED = "two_factor.disabled", _("Disabled two-factor authentication")
    TWO_FACTOR_FAILED = "two_factor.failed", _("Entered a wrong two-factor code")
    TWO_FACTOR_SET_ASIDE = (
        "two_factor.set_aside",
        _("A two-factor method stopped working after 100 wrong codes"),
    )
    BACKUP_CODES_RENEWED = "backup_codes.renewed", _("Renewed the backup codes")
    BACKUP_CODES_REVEALED = "backup_codes.revealed", _("Revealed the backup codes")

    PASSWORD_FAILED = "password.failed", _("Entered a wrong password when asked for it again")
    PASSWORD_CHANGED = "password.changed", _("Changed the password")
    PASSWORD_RESET_REQUESTED = "password.reset_requested", _("Requested a link to set a new password")
    PASSWORD_RESET = "password.reset", _("Set a new password with a link from an email")

    ACCOUNT_CREATED = "account.created", _("Created the account")
    ACCOUNT_DELETED = "account.deleted", _("Deleted the account")
    ACCOUNT_DEACTIVATED = "account.deactivated", _("Account deactivated")
    ACCOUNT_REACTIVATED = "account.reactivated", _("Account reactivated")
    RIGHTS_CHANGED = "account.rights_changed", _("Rights on this site changed")
    CONFIRMATION_SENT = "email.confirmation_sent", _("Requested another confirmation email")
    EMAIL_CONFIRMED = "email.confirmed", _("Confirmed the email address")
    EMAIL_CHANGED = "email.changed", _("Changed the email address")
    EMAIL_CHANGE_REQUESTED = "email.change_requested", _("Entered a new email address")
    TIME_ZONE_CHANGED = "account.time_zone_changed", _("Changed the time zone")

    SITE_INVITED = "site_invitation.sent", _("Invited somebody to create an account")
    SITE_INVITATION_WITHDRAWN = "site_invitation.withdrawn", _("Withdrew an invitation to create an account")

    TOKEN_CREATED = "token.created", _("Generated an API token")
    TOKEN_REVOKED = "token.revoked", _("Revoked an API token")
    TOKEN_SENT_IN_CLEAR = "token.sent_in_clear", _("Sent an API token over an unencrypted connection")

    KEY_ROTATION_STARTED = "encryption_keys.rotation_started", _("Started to rotate the encryption keys")
    KEYS_ROTATED = "encryption_keys.rotated", _("Rotated the encryption keys")
    AUDIT_RETENTION_CHANGED = "audit.retention_changed", _("Changed how long audit events are kept")
    AUDIT_EVENTS_PURGED = "audit.events_purged", _("Deleted audit events past the retention period")
    AUDIT_TRIGGERS_RESTORED = (
        "audit.triggers_restored",
        _("Restored missing triggers that protect audit events"),
    )

    def said(self, data: wording.Data) -> wording.Said:
        return wording.of_account(self.value, str(self.label), data)


# The enumerations of all applications.
enumerations: Registry[type[EventName]] = Registry()


def said_by(event: AuditEvent) -> wording.Said:
    """Describe a recorded event; by its value alone if no application knows the event any more."""
    for names in enumerations.values():
        if event.event in names.values:
            return names(event.event).said(event.data)
    return wording.Said(event.event)


def names() -> list[str]:
    """Return the values of all events of all applications."""
    return [value for enumeration in enumerations.values() for value in enumeration.values]


def record(
    event: EventName,
    *,
    actor: Actor,
    subject: str,
    subject_id: int | None = None,
    user: User | None = None,
    **data: Any,
) -> None:
    """Write one event, in the transaction of the change that it records. Never put a secret or code in data.

    `subject_id` says what the subject is, where its name can be taken again. `user` is the user whose
    activity page shows it. Events of an API token contain the id of the token. After the commit the event is
    also one line of JSON on standard output (lines.py).
    """
    recorded = event_by(event, actor=actor, subject=subject, subject_id=subject_id, user=user, **data)
    insert(recorded)
    # Not before the commit: what is rolled back did not happen.
    transaction.on_commit(lambda: lines.write(recorded), robust=True)


def record_all(events: list[AuditEvent]) -> None:
    """Write many events of one change, as `record` writes one, in as few statements as they fit into."""
    AuditEvent.objects.bulk_create(events, batch_size=ROWS_AT_ONCE)

    def write_lines() -> None:
        for event in events:
            lines.write(event)

    transaction.on_commit(write_lines, robust=True)


def event_by(
    event: EventName,
    *,
    actor: Actor,
    subject: str,
    subject_id: int | None = None,
    user: User | None = None,
    **data: Any,
) -> AuditEvent:
    """Return the event that `record` writes, for `record_all`."""
    if actor.token:
        data["token"] = actor.token.public_id
    return AuditEvent(
        event=event.value,
        actor=str(actor),
        subject=subject,
        subject_id=subject_id,
        user_id=user.pk if user else None,
        ip=actor.ip,
        user_agent=actor.user_agent,
        door=actor.door,
        request_id=actor.request_id,
        data=data,
    )
