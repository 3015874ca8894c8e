"""The user model."""

import secrets
from datetime import tzinfo
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

from accounts.database.prepared import Prepared
from accounts.exceptions import AccountGone
from accounts.models.levels import ANY_METHOD, Level
from accounts.models.methods import UNKNOWN
from accounts.models.user_indexes import INDEXES
from accounts.typed import names, passwords, zones

USERNAME_LENGTH = 40
validate_username = RegexValidator(
    r"^[A-Za-z0-9_.-]+\Z",
    _("Use only letters, digits, hyphens, underscores and dots."),
)


def login_key(text: str) -> str:
    """Return what the account of a username or an email address is found by: texts with one key find one.

    Whatever counts or compares names and addresses does it by this key. If casefold() made the key of an
    unknown name, other spellings would share the budget of it until it exists: that would tell (R5). Letters
    beyond ASCII keep their case: lower() makes a k of the Kelvin sign, which only looks like one.
    """
    key = names.login(text)
    return key.lower() if key.isascii() else key


def mailbox_key(address: str) -> str:
    """Return the key by which mails to one mailbox are counted. Most mailboxes have any number of
    addresses: their servers ignore a plus and what follows it (RFC 5233).
    """
    local, _at, domain = login_key(address).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def new_security_stamp() -> str:
    return secrets.token_hex(16)


# Shells, scripts and Django write these columns without a thought for the stamp: the row gets a new one, or
# the sessions of a former password would go on, and those of a deactivated account would come back.
ENDS_SESSIONS = {"password", "is_active"}
STAMP = "security_stamp"


class UserQuerySet(models.QuerySet["User"]):
    def update(self, **changes: Any) -> int:
        """Update rows like Django, with a new stamp if one of ENDS_SESSIONS changes and none is given."""
        if ENDS_SESSIONS & changes.keys() and STAMP not in changes:
            changes[STAMP] = new_security_stamp()
        if STAMP in changes:
            changes.setdefault("stamp_is_new", True)
        return super().update(**changes)

    update.alters_data = True  # type: ignore[attr-defined]

    def by_login(self, text: str) -> Self:
        """Return the account with this username, or with this confirmed email address if it contains @."""
        return self.by_confirmed_email(text) if "@" in text else self.by_name_key(login_key(text))

    def by_confirmed_email(self, text: str) -> Self:
        return self.by_address_key(login_key(text))

    def by_name_key(self, key: str) -> Self:
        return self.alias(username_key=Lower("username")).filter(username_key=key)

    def by_address_key(self, key: str) -> Self:
        return self.alias(email_key=Lower("email")).filter(email_key=key, email_confirmed_at__isnull=False)

    def named_from(self, key: str) -> Self:
        """Return users whose name begins with this `login_key`."""
        return self.alias(username_key=Lower("username")).filter(username_key__startswith=key)

    def beginning_with(self, key: str) -> list[Self]:
        """Return users whose name or address begins with this `login_key`, in several parts.

        An index answers for each part; an OR would read all users.
        """
        addressed = self.alias(email_key=Lower("email")).filter(email_key__startswith=key)
        next_key = self.alias(next_key=Lower("unconfirmed_email"))
        waiting = next_key.filter(~Q(unconfirmed_email=""), next_key__startswith=key)
        return [self.named_from(key), addressed, waiting]

    def superusers(self) -> Self:
        """Return the active users who may do everything on the admin site. It lets in nobody but staff."""
        return self.filter(is_superuser=True, is_staff=True, is_active=True)

    def lock(self, pk: int, *, for_deletion: bool = False) -> "User":
        """Return the current row of the user, locked until the transaction ends. Raises AccountGone.

        `for_deletion` also prevents new rows that refer to the user, such as a new session.
        """
        user = self.select_for_update().filter(pk=pk).first() if for_deletion else LOCKED.first(pk=pk)
        if user is None:
            raise AccountGone
        return user


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, username: str, email: str, password: str | None = None, **fields: Any) -> "User":
        """Write a row, without news or record: for demo data and tests. Verbs create real accounts."""
        user: User = self.model(username=username, email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Only the verbs in accounts/two_factor/ write the two times of two-factor."""

    username = models.CharField(
        _("username"), max_length=USERNAME_LENGTH, unique=True, validators=[validate_username]
    )
    email = models.EmailField(_("email address"))
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    unconfirmed_email = models.EmailField(blank=True, default="")
    # When the address that waits here for its confirmation was proved by another account, which has it now:
    # links that were mailed before are dead. It is part of their state, and nothing shows it (D24).
    address_given_up_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)
    # An IANA name; "" for the site's zone. The name may be unknown to this server (`zone`).
    time_zone = models.CharField(max_length=zones.LONGEST_NAME, blank=True, default="", db_default="")
    two_factor_enabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The strongest method that is set up (`level`); NULL until somebody has looked at the devices.
    two_factor_level = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    # When it was last removed by break-glass, until it is on again: then an owner may be without it (I1).
    two_factor_forced_off_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Each session stores a copy. A new stamp ends every session and pending login of this user without
    # changing their rows, except the session that gets the new stamp.
    security_stamp = models.CharField(max_length=32, default=new_security_stamp, editable=False)
    # Whether rows with a former stamp may be left: housekeeping looks for them, and need not ask all users.
    stamp_is_new = models.BooleanField(default=False, db_default=False, editable=False)
    last_login = None  # the audit events have it: no extra write per login

    # Set by the authentication middleware for the user of a request: whether it is verified, and by what.
    session_verified = False
    session_method = UNKNOWN

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        indexes = INDEXES
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                Lower("username"),
                name="unique_username",
                violation_error_message=_("That username is taken."),
            ),
            # An unconfirmed address reserves nothing.
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(email_confirmed_at__isnull=False),
                name="unique_confirmed_email",
                violation_error_message=_("That email address belongs to another account."),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_enrolled(self) -> bool:
        """Return whether two-factor is on: a primary device is confirmed. Backup codes alone never count."""
        return self.two_factor_enabled_at is not None

    @property
    def level(self) -> Level:
        """Return the level of the strongest method. Where nobody has looked at the devices, the lowest."""
        return Level(max(ANY_METHOD, self.two_factor_level or 0)) if self.is_enrolled else Level.NONE

    @property
    def known_level(self) -> Level | None:
        """Return the level, or None where nobody has looked at the devices yet."""
        return None if self.is_enrolled and self.two_factor_level is None else self.level

    @property
    def email_confirmed(self) -> bool:
        return self.email_confirmed_at is not None

    @property
    def zone(self) -> tzinfo:
        """Return the time zone in which this person is told times."""
        return zones.zone_of(self.time_zone)

    def is_verified(self) -> bool:
        """Return whether this request is verified (AAL2): by a second factor or a remembered browser."""
        return self.session_verified

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row, with a new stamp if one of ENDS_SESSIONS has changed and the stamp is not named.

        Nor does a row that was read long ago bring a former stamp back.
        """
        fields = kwargs.get("update_fields")
        named = None if fields is None else set(fields)
        if not self._state.adding and (named is None or (ENDS_SESSIONS & named and STAMP not in named)):
            stored = User.objects.filter(pk=self.pk).only(*ENDS_SESSIONS, STAMP).first()
            watched = (*ENDS_SESSIONS, STAMP)
            if stored is not None and any(getattr(self, name) != getattr(stored, name) for name in watched):
                self.rotate_stamp()
            if named is not None:
                kwargs["update_fields"] = named | {STAMP}
        if STAMP in (kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], "stamp_is_new"}
        super().save(*args, **kwargs)

    def set_password(self, raw_password: str | None) -> None:
        """Set a password, and a new stamp: saving the row ends every session of the former one."""
        super().set_password(None if raw_password is None else passwords.normal(raw_password))
        self.rotate_stamp()

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether this is the password, uncounted: for scripts. Verbs call `authenticate`."""
        return super().check_password(None if raw_password is None else passwords.normal(raw_password))

    def rotate_stamp(self) -> None:
        """Set a new stamp, which ends every other session of this user when the row is saved."""
        self.security_stamp = new_security_stamp()
        self.stamp_is_new = not self._state.adding  # a new account has no rows yet

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        return salted_hmac(
            "accounts.session", self.security_stamp, secret=secret, algorithm="sha256"
        ).hexdigest()


LOCKED = Prepared(lambda pk: User.objects.select_for_update(no_key=True).filter(pk=pk))
