"""Users, their sessions and tokens, and the records that verbs write."""

from accounts.models.audit import AuditEvent, AuditRetention
from accounts.models.invitations import SITE_INVITATION_LIFETIME, SiteInvitation, site_invitation_end
from accounts.models.levels import ANY_METHOD, Level
from accounts.models.limits import RateLimit
from accounts.models.outbox import MailWindow, OutboxMessage
from accounts.models.sessions import RememberedBrowser, Session
from accounts.models.tokens import DESCRIPTION_LENGTH, ApiToken, BearerToken, hash_of_token, unexpired
from accounts.models.users import (
    USERNAME_LENGTH,
    User,
    UserManager,
    UserQuerySet,
    login_key,
    mailbox_key,
    new_security_stamp,
    validate_username,
)

__all__ = [
    "ANY_METHOD",
    "DESCRIPTION_LENGTH",
    "SITE_INVITATION_LIFETIME",
    "USERNAME_LENGTH",
    "ApiToken",
    "AuditEvent",
    "AuditRetention",
    "BearerToken",
    "Level",
    "MailWindow",
    "OutboxMessage",
    "RateLimit",
    "RememberedBrowser",
    "Session",
    "SiteInvitation",
    "User",
    "UserManager",
    "UserQuerySet",
    "hash_of_token",
    "login_key",
    "mailbox_key",
    "new_security_stamp",
    "site_invitation_end",
    "unexpired",
    "validate_username",
]
