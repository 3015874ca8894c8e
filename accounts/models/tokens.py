"""Secrets that programs send instead of a password (R54)."""

import hashlib
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.exceptions import TokenRevoked
from accounts.models.public_ids import public_id
from accounts.models.users import User

DESCRIPTION_LENGTH = 200


def hash_of_token(text: str) -> str:
    """Return what is stored of a token: SHA-256, enough for 400 random bits that nobody can guess."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def unexpired() -> Q:
    """Ask for tokens that have not expired."""
    return Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())


class BearerToken(models.Model):
    """A token of whatever holder. It is shown once; afterwards there is only its hash.

    Each kind of token says whose it is: `user`, `holder` and `belongs_to` are abstract (Django's metaclass
    leaves no room for that of abc).
    """

    token_hash = models.CharField(max_length=64, unique=True)
    description = models.CharField(max_length=DESCRIPTION_LENGTH, blank=True, default="")
    # Whether a second factor stood behind its making (D6).
    verified = models.BooleanField(default=False)
    # Who made it. No foreign key, and a copy of the name: the token may outlive the account.
    created_by_id = models.BigIntegerField(null=True)
    created_by = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, db_index=True)
    last_used_at = models.DateTimeField(null=True)
    # Of the mails before it expires, the last one sent was about so many days.
    expiry_told = models.PositiveSmallIntegerField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("at", self.pk)

    @property
    def user(self) -> User | None:
        """Whose rights it has: a person's, or nobody's."""
        raise NotImplementedError

    @property
    def holder(self) -> str:
        """Who acts with it, as audit events and limits name it."""
        raise NotImplementedError

    @property
    def belongs_to(self) -> tuple[str, str]:
        """Whose it is, as the API names it: a type and an id."""
        raise NotImplementedError

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def counts_as_verified(self) -> bool:
        """Whether it stands for a session that passed the second factor."""
        return self.verified

    def lock(self) -> None:
        """Lock this row until the transaction ends: its end comes before or after. Raises TokenRevoked."""
        held = type(self)._default_manager.select_for_update(no_key=True, of=("self",)).filter(pk=self.pk)
        if held.first() is None or self.is_expired:
            raise TokenRevoked


class ApiToken(BearerToken):
    """A person's own token: it may do what the person may."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")

    @property
    def user(self) -> User:
        return self.owner

    @property
    def holder(self) -> str:
        return f"user:{self.owner.username}"

    @property
    def belongs_to(self) -> tuple[str, str]:
        return "users", public_id("user", self.owner_id)

    @property
    def counts_as_verified(self) -> bool:
        """Made behind a second factor, and behind the enrolment of today: a former one is gone for good."""
        enabled: datetime | None = self.owner.two_factor_enabled_at
        return self.verified and enabled is not None and self.created_at >= enabled

    def lock(self) -> None:
        """As above; and a deactivated account has no tokens."""
        held = ApiToken.objects.select_for_update(no_key=True, of=("self",))
        if held.filter(pk=self.pk, owner__is_active=True).first() is None or self.is_expired:
            raise TokenRevoked
