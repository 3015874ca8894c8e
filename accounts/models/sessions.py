"""Sessions and remembered browsers."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from accounts.models.methods import LONGEST_METHOD, PASSWORD, UNKNOWN
from accounts.models.users import User


class SessionQuerySet(models.QuerySet["Session"]):
    def with_people(self) -> Self:
        return self.select_related("user", "pending_user")


class Session(models.Model):
    """A browser in which somebody gave the right password. Anonymous visitors have no row.

    `user` is set when the login is complete. Until then `pending_user` is the user whose password was right;
    it grants access to the second step only.
    """

    # SHA-256 of the cookie's value: a copy of this table contains no usable keys.
    key_hash = models.CharField(max_length=64, unique=True)
    # Each row is in the index of one of the two below.
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions", db_index=False)
    pending_user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="pending_logins", db_index=False
    )
    security_stamp = models.CharField(max_length=32)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    verified_at = models.DateTimeField(null=True)
    # When the user last proved themselves for sudo (by password, or by second factor if enrolled).
    proved_at = models.DateTimeField(null=True)
    # What made it verified: a factor's slug, or REMEMBERED, which allows neither sudo nor the admin site.
    factor = models.CharField(max_length=LONGEST_METHOD, blank=True, default="")
    # With REMEMBERED: the method of the sign-in at which the browser was remembered.
    remembered_method = models.CharField(
        max_length=LONGEST_METHOD, blank=True, default=UNKNOWN, db_default=UNKNOWN
    )
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True, default="")

    REMEMBERED = "remembered"

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user"], name="sessions_of_user", condition=Q(user__isnull=False)),
            models.Index(
                fields=["pending_user"], name="logins_of_user", condition=Q(pending_user__isnull=False)
            ),
        ]
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

    @property
    def method(self) -> str:
        """Return the method of the last complete proof (D45): a factor's slug, PASSWORD or UNKNOWN.

        It is never better than the proof: a text after an application makes it the text, because whatever
        happens from then on, such as a new token, stands behind the text.
        """
        if self.verified_at is None:
            return PASSWORD
        return self.remembered_method if self.factor == self.REMEMBERED else self.factor


class RememberedBrowser(models.Model):
    """A browser that needs no second factor until `expires_at` (accounts/sessions/remembered.py)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="remembered_browsers")
    # SHA-256 of the token in the browser's cookie.
    token_hash = models.CharField(max_length=64, unique=True)
    # It is valid only while the user has this stamp, like sessions.
    security_stamp = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField()
    # The second factor of the sign-in at which it was remembered: its sessions take it over (D45).
    method = models.CharField(max_length=LONGEST_METHOD, blank=True, default=UNKNOWN, db_default=UNKNOWN)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True, default="")

    def __str__(self) -> str:
        return f"remembered browser {self.pk}"
