"""Every event of this application, the sentence that tells of it, and how it is recorded."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.audit.actor import Actor
from accounts.models import AuditEvent, User

LOGIN_SUCCEEDED = "login.succeeded"
LOGIN_FAILED = "login.failed"
LOGOUT = "login.ended"
SUDO_GRANTED = "sudo.granted"
TWO_FACTOR_STARTED = "two_factor.started"
TWO_FACTOR_CANCELLED = "two_factor.cancelled"
TWO_FACTOR_CHALLENGED = "two_factor.challenged"
TWO_FACTOR_ADDED = "two_factor.added"
TWO_FACTOR_REMOVED = "two_factor.removed"
TWO_FACTOR_ENABLED = "two_factor.enabled"
TWO_FACTOR_REPLACED = "two_factor.replaced"
TWO_FACTOR_DISABLED = "two_factor.disabled"
TWO_FACTOR_FAILED = "two_factor.failed"
TWO_FACTOR_SET_ASIDE = "two_factor.set_aside"
BACKUP_CODES_RENEWED = "backup_codes.renewed"
BACKUP_CODES_REVEALED = "backup_codes.revealed"
STARTED = "encryption_keys.rotation_started"
ROTATED = "encryption_keys.rotated"

PASSWORD_ACCEPTED = "login.password_accepted"
SESSION_ENDED = "session.ended"
OTHERS_ENDED = "session.others_ended"

PASSWORD_FAILED = "password.failed"
PASSWORD_CHANGED = "password.changed"
RESET_REQUESTED = "password.reset_requested"
PASSWORD_RESET = "password.reset"

ACCOUNT_CREATED = "account.created"
ACCOUNT_DELETED = "account.deleted"
EMAIL_CONFIRMED = "email.confirmed"
EMAIL_CHANGED = "email.changed"
EMAIL_CHANGE_REQUESTED = "email.change_requested"
CONFIRMATION_SENT = "email.confirmation_sent"

REMEMBERED = "browser.remembered"
FORGOTTEN = "browser.forgotten"

DEACTIVATED = "account.deactivated"
REACTIVATED = "account.reactivated"
CHANGED = "account.rights_changed"

TOKEN_CREATED = "token.created"
TOKEN_REVOKED = "token.revoked"

# Other apps add theirs.
SENTENCES: dict[str, str | Promise] = {
    LOGIN_SUCCEEDED: gettext_lazy("Signed in"),
    LOGIN_FAILED: gettext_lazy("Sign-in with a wrong password"),
    PASSWORD_ACCEPTED: gettext_lazy("Entered the right password, before the second step"),
    LOGOUT: gettext_lazy("Signed out"),
    SESSION_ENDED: gettext_lazy("Ended a session in another browser"),
    OTHERS_ENDED: gettext_lazy("Ended the sessions in all other browsers"),
    REMEMBERED: gettext_lazy("Had a browser remembered, which then needs no code for some time"),
    FORGOTTEN: gettext_lazy("Had remembered browsers forgotten"),
    SUDO_GRANTED: gettext_lazy("Confirmed that it was you"),
    TWO_FACTOR_STARTED: gettext_lazy("Began to set up two-factor authentication"),
    TWO_FACTOR_CANCELLED: gettext_lazy("Cancelled setting up two-factor authentication"),
    TWO_FACTOR_ENABLED: gettext_lazy("Turned on two-factor authentication"),
    TWO_FACTOR_REPLACED: gettext_lazy("Replaced the two-factor device"),
    TWO_FACTOR_ADDED: gettext_lazy("Added a method of two-factor authentication"),
    TWO_FACTOR_REMOVED: gettext_lazy("Removed a method of two-factor authentication"),
    TWO_FACTOR_CHALLENGED: gettext_lazy("Had a code sent"),
    TWO_FACTOR_DISABLED: gettext_lazy("Turned off two-factor authentication"),
    TWO_FACTOR_FAILED: gettext_lazy("Wrong two-factor code"),
    TWO_FACTOR_SET_ASIDE: gettext_lazy("Two-factor device taken out of use after 100 wrong codes"),
    BACKUP_CODES_RENEWED: gettext_lazy("Renewed the backup codes"),
    BACKUP_CODES_REVEALED: gettext_lazy("Looked at the backup codes"),
    PASSWORD_FAILED: gettext_lazy("Wrong password where it was asked again"),
    PASSWORD_CHANGED: gettext_lazy("Changed the password"),
    RESET_REQUESTED: gettext_lazy("Asked for a link to set a new password"),
    PASSWORD_RESET: gettext_lazy("Set a new password by a link in a mail"),
    ACCOUNT_CREATED: gettext_lazy("Created the account"),
    CONFIRMATION_SENT: gettext_lazy("Asked for the confirmation mail again"),
    EMAIL_CONFIRMED: gettext_lazy("Confirmed the email address"),
    EMAIL_CHANGED: gettext_lazy("Changed the email address"),
    EMAIL_CHANGE_REQUESTED: gettext_lazy("Entered a new email address"),
    TOKEN_CREATED: gettext_lazy("Made an API token"),
    TOKEN_REVOKED: gettext_lazy("Revoked an API token"),
    DEACTIVATED: gettext_lazy("Account deactivated"),
    REACTIVATED: gettext_lazy("Account activated again"),
    CHANGED: gettext_lazy("Rights on this site changed"),
}


def record(event: str, *, actor: Actor, subject: str, user: User | None = None, **data: Any) -> None:
    """Write one event, in the transaction of what it records. Never put a secret or a code into data.

    `user` is the person whose activity page shows it. What a token did says by which one.
    """
    if actor.token:
        data["token"] = actor.token.public_id
    AuditEvent.objects.create(
        event=event,
        actor=str(actor),
        subject=subject,
        user_id=user.pk if user else None,
        ip=actor.ip,
        user_agent=actor.user_agent,
        door=actor.door,
        request_id=actor.request_id,
        data=data,
    )
