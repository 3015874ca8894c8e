"""Tokens, which programs send instead of a password (R54)."""

import hashlib
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.exceptions import TokenRevoked
from accounts.models.methods import LONGEST_METHOD, UNKNOWN
from accounts.models.public_ids import public_id
from accounts.models.users import User

DESCRIPTION_LENGTH = 200


def hash_of_token(text: str) -> str:
    """Return the stored hash of a token: SHA-256, which suffices for so many random bits."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def unexpired() -> Q:
    """Return the condition for tokens that have not expired."""
    return Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())


class BearerToken(models.Model):
    """A token of any kind of holder. It is shown once; only its hash is stored.

    Each kind of token defines `user`, `holder` and `belongs_to`: they are abstract, but abc can't declare
    that because Django has its own metaclass.
    """

    token_hash = models.CharField(max_length=64, unique=True)
    description = models.CharField(max_length=DESCRIPTION_LENGTH, blank=True, default="")
    # Whether it was created in a session, or by a token, that passed a second factor (D6).
    verified = models.BooleanField(default=False)
    # The method behind that session, or behind that token (D45).
    method = models.CharField(max_length=LONGEST_METHOD, blank=True, default=UNKNOWN, db_default=UNKNOWN)
    # The user who created it. No foreign key, and a copy of the name: the token may outlive the account.
    created_by_id = models.BigIntegerField(null=True)
    created_by = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, db_index=True)
    last_used_at = models.DateTimeField(null=True)
    # The days before expiry of the last mail about it, or of the last one that it was too short for
    # (accounts/tokens/expiry.py).
    expiry_told = models.PositiveSmallIntegerField(null=True)

    class Meta:
        abstract = True
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expiry_told", "expires_at"], name="%(class)s_to_tell"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("at", self.pk)

    @property
    def user(self) -> User | None:
        """Return the user whose rights it has, or None."""
        raise NotImplementedError

    @property
    def holder(self) -> str:
        """Return the name of its holder for audit events and limits."""
        raise NotImplementedError

    @property
    def belongs_to(self) -> tuple[str, str]:
        """Return the API type and id of the resource that it belongs to."""
        raise NotImplementedError

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def counts_as_verified(self) -> bool:
        """Return whether it counts like a session that passed a second factor."""
        return self.verified

    def lock(self) -> None:
        """Lock this row until the transaction ends, so that it can't be revoked. Raises TokenRevoked."""
        held = type(self)._default_manager.select_for_update(no_key=True, of=("self",)).filter(pk=self.pk)
        if held.first() is None or self.is_expired:
            raise TokenRevoked


class ApiToken(BearerToken):
    """A token of a user, with the rights of that user."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", db_index=False)

    class Meta(BearerToken.Meta):
        indexes: ClassVar[list[models.Index]] = [
            *BearerToken.Meta.indexes,
            models.Index(fields=["owner", "id"], name="tokens_of_user"),
        ]

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
        """Return whether it was created with a second factor, and since two-factor was last enabled."""
        enabled: datetime | None = self.owner.two_factor_enabled_at
        return self.verified and enabled is not None and self.created_at >= enabled

    def lock(self) -> None:
        """Lock this row as above. Raises TokenRevoked for deactivated accounts, too."""
        held = ApiToken.objects.select_for_update(no_key=True, of=("self",))
        if held.filter(pk=self.pk, owner__is_active=True).first() is None or self.is_expired:
            raise TokenRevoked
