"""People, their browser sessions, and the records that the verbs keep."""

import secrets
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.exceptions import AccountGone

USERNAME_LENGTH = 40
validate_username = RegexValidator(
    r"^[A-Za-z0-9_.-]+\Z",
    _("Use only letters, digits, hyphens, underscores and dots."),
)


def new_security_stamp() -> str:
    return secrets.token_hex(16)


class UserQuerySet(models.QuerySet["User"]):
    def by_login(self, text: str) -> Self:
        """The account that somebody means who types a user name or a confirmed e-mail address."""
        if "@" in text:
            return self.by_confirmed_email(text)
        return self.alias(username_key=Lower("username")).filter(username_key=text.lower())

    def by_confirmed_email(self, text: str) -> Self:
        return self.alias(email_key=Lower("email")).filter(
            email_key=text.lower(), email_confirmed_at__isnull=False
        )

    def lock(self, pk: int, *, for_deletion: bool = False) -> "User":
        """Return the user as it is now, locked until the transaction ends. Raises AccountGone.

        `for_deletion` also keeps new rows from referring to the user: a session that began just now.
        """
        user = self.select_for_update(no_key=not for_deletion).filter(pk=pk).first()
        if user is None:
            raise AccountGone
        return user


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, username: str, email: str, password: str | None = None, **fields: Any) -> "User":
        user: User = self.model(username=username, email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        """Create a site admin. Whoever can run this owns the server, so the address counts as confirmed."""
        fields = {
            "is_staff": True,
            "is_superuser": True,
            "email_confirmed_at": timezone.now(),
        } | fields
        return self.create_user(username, email, password, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. `two_factor_enabled_at` is written by accounts/two_factor.py and by nobody else."""

    username = models.CharField(
        _("user name"), max_length=USERNAME_LENGTH, unique=True, validators=[validate_username]
    )
    email = models.EmailField(_("e-mail address"))
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    unconfirmed_email = models.EmailField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)
    two_factor_enabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The whole of the session hash: a new stamp ends every session and pending login of this user but the
    # one that is told about it, without touching their rows.
    security_stamp = models.CharField(max_length=32, default=new_security_stamp, editable=False)
    last_login = None  # a write per login that the audit events make superfluous

    # Set by the authentication middleware for the user of a request.
    session_verified = False

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                Lower("username"),
                name="unique_username",
                violation_error_message=_("That user name is taken."),
            ),
            # An unconfirmed address reserves nothing.
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(email_confirmed_at__isnull=False),
                name="unique_confirmed_email",
                violation_error_message=_("That e-mail address belongs to another account."),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_enrolled(self) -> bool:
        """True with a confirmed device of a primary factor; backup codes alone never count."""
        return self.two_factor_enabled_at is not None

    @property
    def email_confirmed(self) -> bool:
        return self.email_confirmed_at is not None

    def is_verified(self) -> bool:
        """True when the session of this request passed a second factor (AAL2)."""
        return self.session_verified

    def rotate_stamp(self) -> None:
        """End every other session of this user once the row is saved."""
        self.security_stamp = new_security_stamp()

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        return salted_hmac(
            "accounts.session", self.security_stamp, secret=secret, algorithm="sha256"
        ).hexdigest()


class SessionQuerySet(models.QuerySet["Session"]):
    def with_people(self) -> Self:
        return self.select_related("user", "pending_user")


class Session(models.Model):
    """A browser that passed the password. Anonymous visitors have no row.

    `user` is set once everything that this person has to prove is proved. Until then `pending_user` names
    whose password was right, which opens nothing but the second step.
    """

    # SHA-256 of the cookie's value: a copy of this table is no bunch of keys.
    key_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    pending_user = models.ForeignKey(User, models.CASCADE, null=True, related_name="pending_logins")
    security_stamp = models.CharField(max_length=32)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    verified_at = models.DateTimeField(null=True)
    # The last proof (password, or second factor if enrolled) that counts for sudo.
    proved_at = models.DateTimeField(null=True)
    # What made it verified: a factor's slug, or REMEMBERED, which is less: no sudo, no site administration.
    factor = models.CharField(max_length=32, blank=True, default="")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True, default="")

    REMEMBERED = "remembered"

    objects = SessionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="session_user_xor_pending_user",
                condition=Q(user__isnull=False, pending_user__isnull=True)
                | Q(user__isnull=True, pending_user__isnull=False),
            ),
            models.CheckConstraint(
                name="pending_login_is_not_verified",
                condition=Q(pending_user__isnull=True) | Q(verified_at__isnull=True, proved_at__isnull=True),
            ),
            models.CheckConstraint(
                name="remembered_is_no_proof",
                condition=~Q(factor="remembered") | Q(verified_at__isnull=False, proved_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"


class RememberedBrowser(models.Model):
    """A browser that need not prove the second factor for a while (accounts/remembered.py)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="remembered_browsers")
    # SHA-256 of the token in the browser's cookie.
    token_hash = models.CharField(max_length=64, unique=True)
    # It falls with the user's stamp, as sessions do.
    security_stamp = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True, default="")

    def __str__(self) -> str:
        return f"remembered browser {self.pk}"


class AuditEvent(models.Model):
    """What happened. Append-only; names people and things as text, because it outlives them."""

    event = models.CharField(max_length=64, db_index=True)
    actor = models.CharField(max_length=100)
    subject = models.CharField(max_length=100, db_index=True)
    # Whose activity page shows it. No foreign key: the event stays when the account goes.
    user_id = models.BigIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True, default="")
    door = models.CharField(max_length=16)
    request_id = models.CharField(max_length=32, blank=True, default="")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user_id", "-id"], name="activity_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit events are append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit events are append-only.")


class RateLimit(models.Model):
    """One counter of one window of one budget. Written by accounts/limits.py only."""

    key = models.CharField(max_length=200, primary_key=True)
    count = models.PositiveIntegerField()
    resets_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key


class OutboxMessage(models.Model):
    """A message on its way, encrypted until it is sent and empty afterwards (accounts/outbox.py)."""

    kind = models.CharField(max_length=16, default="mail")
    audience = models.CharField(max_length=64, blank=True, default="")
    key = models.CharField(max_length=64, blank=True, default="")
    sealed = models.TextField(blank=True)
    cursor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], name="outbox_due", condition=Q(sent_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"
